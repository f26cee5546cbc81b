//! The limit: the fastest server for the bench's requests that is reasonable to write by hand.
//!
//! It answers five requests over the tables that Underpin made for `bench/shop`, and does nothing
//! else: no accounts, rules, limits, validation messages or logs. Reads run inline on the async
//! workers over connections of their own; inserts go to one thread that commits them in groups,
//! durably. `cargo xtask bench` holds Underpin against it.
#![expect(clippy::print_stdout, reason = "the address is told on standard output")]

mod json;
mod read;
mod seed;
mod write;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["seed", database] => seed::run(Path::new(database)),
        ["serve", database, address] => {
            let address = address.parse().context("the address must be IP:PORT")?;
            serve(Path::new(database), address)
        }
        _ => bail!("usage: bench-limit seed DATABASE | bench-limit serve DATABASE ADDRESS"),
    }
}

#[tokio::main]
async fn serve(database: &Path, address: SocketAddr) -> Result<()> {
    let database: PathBuf = database.to_path_buf();
    read::set_database(database.clone());
    let writer = write::start(&database)?;
    let router = Router::new()
        .route("/api/v1/products/{id}", get(read::product))
        .route("/api/v1/products", get(read::products).post(write::create_product))
        .route("/api/v1/orders", get(read::orders))
        .with_state(writer);
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Small answers must not wait for more bytes to come.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router).await?;
    Ok(())
}
