//! What accounts cost: a token on each request, a burst of logins, and what the time of an answer
//! tells about who has an account.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::BenchArguments;
use super::client::Request;
use super::load::{Load, Measured};
use super::requests::Kind;
use super::servers::{EMAIL, PASSWORD, Rival, Rivals, Server};

/// Clients that log in at once during a burst.
const N_LOGINS: usize = 64;

/// Pairs of logins, of an account that there is and one that there is not, whose times are compared.
const N_PAIRS: usize = 300;

/// Measures and prints.
pub(super) fn run(rivals: &Rivals, arguments: &BenchArguments) -> Result<()> {
    let mut text = String::new();
    token_cost(rivals, arguments, &mut text)?;
    burst(rivals, arguments, &mut text)?;
    enumeration(rivals, &mut text)?;
    print!("{text}");
    Ok(())
}

/// The same read with a session's token and without.
fn token_cost(rivals: &Rivals, arguments: &BenchArguments, text: &mut String) -> Result<()> {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for run in 0..arguments.runs.max(3) {
        let mut server = rivals.start(Rival::Underpin)?;
        let token = log_in(server.address())?;
        let mut order = [true, false];
        if run % 2 == 1 {
            order.reverse();
        }
        for has_token in order {
            server.set_token(if has_token { &token } else { "" });
            let load = Load { kind: Kind::ReadById, arguments, folder: rivals.folder() };
            let measured = load.run(&server)?;
            let list = if has_token { &mut with } else { &mut without };
            list.push(measured.processor_us);
        }
    }
    let (with, without) = (median(&mut with), median(&mut without));
    writeln!(
        text,
        "R1 with a session's token: {with:.2} µs of processor, without: {without:.2}, ratio {:.3}",
        with / without
    )?;
    Ok(())
}

/// Reads while nobody logs in, and while many do.
fn burst(rivals: &Rivals, arguments: &BenchArguments, text: &mut String) -> Result<()> {
    let (mut quiet, mut busy) = (Vec::new(), Vec::new());
    let mut n_logins = 0;
    for _ in 0..arguments.runs.max(3) {
        let server = rivals.start(Rival::Underpin)?;
        let load = Load { kind: Kind::ReadById, arguments, folder: rivals.folder() };
        quiet.push(load.run(&server)?.p99_us);
        let (measured, n) = during_logins(&server, || load.run(&server))?;
        busy.push(measured.p99_us);
        n_logins += n;
    }
    let (quiet, busy) = (median(&mut quiet), median(&mut busy));
    writeln!(
        text,
        "R1 p99 while {N_LOGINS} clients log in without pause ({n_logins} logins done): \
         {busy:.0} µs, else {quiet:.0} µs, ratio {:.2}",
        busy / quiet
    )?;
    Ok(())
}

/// Does `work` while logins come in, and says how many were answered with a session.
fn during_logins(
    server: &Server,
    work: impl FnOnce() -> Result<Measured>,
) -> Result<(Measured, usize)> {
    let stop = AtomicBool::new(false);
    let address = server.address();
    thread::scope(|scope| {
        let clients: Vec<_> =
            (0..N_LOGINS).map(|_| scope.spawn(|| log_in_until(address, &stop))).collect();
        let measured = work();
        stop.store(true, Ordering::Relaxed);
        let n_logins = clients.into_iter().map(|client| client.join().unwrap_or(0)).sum();
        measured.map(|measured| (measured, n_logins))
    })
}

fn log_in_until(address: SocketAddr, stop: &AtomicBool) -> usize {
    let mut n_done = 0;
    while !stop.load(Ordering::Relaxed) {
        match login(EMAIL, PASSWORD).send(address) {
            Ok((200, _)) => n_done += 1,
            // Turned away: come again a little later, as the answer says.
            _ => thread::sleep(Duration::from_millis(100)),
        }
    }
    n_done
}

/// Whether the time of a refusal tells who has an account.
fn enumeration(rivals: &Rivals, text: &mut String) -> Result<()> {
    let server = rivals.start(Rival::Underpin)?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..N_PAIRS {
        for (email, times) in [(EMAIL, &mut known), ("nobody@example.com", &mut unknown)] {
            let started = Instant::now();
            let (status, _) = login(email, "not the password of anybody").send(server.address())?;
            times.push(started.elapsed().as_secs_f64() * 1e6);
            ensure!(status == 401, "a wrong password was answered {status}");
        }
    }
    let p = mann_whitney(&known, &unknown);
    let (known, unknown) = (median(&mut known), median(&mut unknown));
    writeln!(
        text,
        "refused logins over {N_PAIRS} pairs: known address {known:.0} µs, unknown {unknown:.0} µs, \
         difference {:.2} %, Mann-Whitney p = {p:.3}",
        (known / unknown - 1.0) * 100.0
    )?;
    Ok(())
}

/// The access token of a login.
fn log_in(address: SocketAddr) -> Result<String> {
    let (status, body) = login(EMAIL, PASSWORD).send(address)?;
    ensure!(status == 200, "the login was answered {status}: {body}");
    let token = body.pointer("/data/accessToken").and_then(Value::as_str);
    Ok(token.context("a login gives an access token")?.to_owned())
}

fn login(email: &str, password: &str) -> Login {
    Login(serde_json::json!({ "email": email, "password": password }).to_string())
}

/// The body of a login.
struct Login(String);

impl Login {
    fn send(&self, address: SocketAddr) -> Result<(u16, Value)> {
        let (method, target) = ("POST", "/api/v1/auth/login");
        Request { method, target, token: "", body: &self.0 }.send(address)
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The probability that two samples of one distribution lie as far apart as these (Mann and Whitney
/// 1947, normal approximation, two-sided).
fn mann_whitney(a: &[f64], b: &[f64]) -> f64 {
    let mut ranked: Vec<(f64, bool)> = a.iter().map(|&value| (value, true)).collect();
    ranked.extend(b.iter().map(|&value| (value, false)));
    ranked.sort_by(|x, y| x.0.total_cmp(&y.0));
    let ranks = ranked.iter().enumerate().filter(|(_, (_, of_a))| *of_a);
    let rank_sum: f64 = ranks.map(|(place, _)| place as f64 + 1.0).sum();
    let (n, m) = (a.len() as f64, b.len() as f64);
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    let z = (u - n * m / 2.0) / deviation;
    2.0 * (1.0 - normal_cumulative(z.abs()))
}

/// The standard normal distribution (Abramowitz and Stegun 26.2.17).
fn normal_cumulative(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x);
    let polynomial = t
        * (0.319_381_530
            + t * (-0.356_563_782
                + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    1.0 - (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * polynomial
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_distribution_are_likely_and_others_are_not() {
        let a: Vec<f64> = (0..100).map(f64::from).collect();
        let shifted: Vec<f64> = a.iter().map(|value| value + 50.0).collect();
        let between: Vec<f64> = a.iter().map(|value| value + 0.5).collect();
        assert!(mann_whitney(&a, &between) > 0.5);
        assert!(mann_whitney(&a, &shifted) < 0.001);
    }

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        assert!((normal_cumulative(0.0) - 0.5).abs() < 1e-6);
        assert!((normal_cumulative(1.96) - 0.975).abs() < 1e-4);
    }
}
