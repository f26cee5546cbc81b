//! `[server]`

use std::net::SocketAddr;

use super::section::section;
use super::value::{Networks, PublicUrl};

section! {
    /// How the server listens, and what it is called from outside.
    "server" => Server {
        /// The IP address and port to listen on. Port `0` picks a free one, which is printed and
        /// logged. `0.0.0.0` or `[::]` listens on every interface.
        address: SocketAddr = "127.0.0.1:8080";
        /// The URL under which clients reach this server, when that is not the address: behind a
        /// proxy or a load balancer. Requests that name another host are answered 421.
        public_url: Option<PublicUrl> = "";
        /// Proxies in front of this server, by their addresses or networks. `X-Forwarded-For` is
        /// believed from them, and from nobody else.
        trusted_proxies: Networks = "";
        /// Threads that serve requests. `0` starts one for each core.
        workers: usize = "0", 0..=1_024;
    }
}
