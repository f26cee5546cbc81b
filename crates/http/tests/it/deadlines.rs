//! Clients that are slow, and servers that stop: what is alive is let live.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use underpin_base::Limits;

use crate::shop::Shop;

const IDLE: Duration = Duration::from_millis(400);

/// An answer that no socket's buffers hold.
fn shop_with_long_pages() -> Shop {
    let idle_ms_max = u64::try_from(IDLE.as_millis()).expect("invariant: it is short");
    let shop = Shop::with_limits(Limits { idle_ms_max, ..Limits::default() });
    let text = "x".repeat(1_000_000);
    for n in 0..8 {
        let page = json!({ "id": format!("long-{n}"), "text": text });
        let _ = shop.app.anonymous().post("/api/v1/pages", &page).send().is(201);
    }
    shop
}

fn ask_for_pages(shop: &Shop) -> TcpStream {
    let mut stream = TcpStream::connect(shop.app.address()).expect("the server listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("invariant: the time is not zero");
    let request = "GET /api/v1/pages?limit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("the server reads");
    stream
}

#[test]
fn a_client_that_reads_a_long_answer_slowly_gets_all_of_it() {
    let shop = shop_with_long_pages();
    let mut stream = ask_for_pages(&shop);
    let mut piece = vec![0; 64 * 1024];
    let mut n_read = 0;
    loop {
        let n_bytes = stream.read(&mut piece).unwrap();
        n_read += n_bytes;
        // Over when the server closes what has become idle.
        if n_bytes == 0 {
            break;
        }
        if n_read < 8_000_000 {
            std::thread::sleep(Duration::from_millis(15));
        }
    }
    assert!(n_read > 8_000_000, "{n_read}");
}

#[test]
fn a_client_that_reads_nothing_of_its_answer_is_hung_up_on() {
    let shop = shop_with_long_pages();
    let mut stream = ask_for_pages(&shop);
    std::thread::sleep(IDLE * 3);
    let mut read = Vec::new();
    // Whether the rest is cut by an end or by a reset is the system's affair.
    drop(stream.read_to_end(&mut read));
    assert!((1_000..8_000_000).contains(&read.len()), "{}", read.len());
}
