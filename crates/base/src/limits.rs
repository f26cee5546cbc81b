//! Every bound on what one request may ask for, in one place.

/// Bounds that hold for every request, whoever sends it.
///
/// The defaults suit a server of 256 MiB. `underpin.toml` sets them under `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's head (request line and headers); more answers 431. Default 16 KiB.
    pub head_bytes_max: usize,
    /// Header lines of a request; more answers 431. Default 100.
    pub headers_max: usize,
    /// Bytes of a request's target; more answers 414. Default 8 KiB.
    pub target_bytes_max: usize,
    /// Bytes of a JSON body; more answers 413 `BODY_TOO_LARGE`. Default 1 MiB.
    pub body_bytes_max: usize,
    /// Levels of nesting in a JSON body; more answers 400 `TOO_DEEP`. Default 32.
    pub json_depth_max: usize,
    /// Items of one array in a body; more answers 413 `TOO_MANY_ITEMS`. Default 10,000.
    pub array_items_max: usize,
    /// Rows on a page when the request does not say. Default 20.
    pub page_rows_default: u32,
    /// Rows on a page at most; more answers 400. Default 100.
    pub page_rows_max: u32,
    /// Rows skipped by `page` at most; further pages need a cursor. Default 10,000.
    pub offset_rows_max: u32,
    /// Rows of one included relation per parent row. Default 100.
    pub include_rows_max: u32,
    /// Relations on the longest path of an `include`, a filter or a sort. Default 5.
    pub relation_depth_max: usize,
    /// Relations included by one request, over all paths. Default 20.
    pub includes_max: usize,
    /// Conditions in all filters of one request together. Default 50.
    pub filter_nodes_max: usize,
    /// Values of one `in` list. Default 500.
    pub in_values_max: usize,
    /// Milliseconds one database statement may run; then 503 `QUERY_TIMEOUT`. Default 5,000.
    pub statement_ms_max: u64,
    /// Milliseconds in which a request's head must arrive; then 408. Default 10,000.
    pub head_ms_max: u64,
    /// Milliseconds in which a request's body must arrive; then 408. Default 30,000.
    pub body_ms_max: u64,
    /// Milliseconds a connection may stay idle between requests. Default 75,000.
    pub idle_ms_max: u64,
    /// Open connections; further ones wait in the listen queue. Default 10,000.
    pub connections_max: usize,
    /// Writes waiting for the writer; more answers 503 `OVERLOADED`. Default 4,096.
    pub queued_writes_max: usize,
    /// Milliseconds that requests in flight get to end after SIGTERM. Default 25,000.
    pub drain_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes_max: 16 * 1024,
            headers_max: 100,
            target_bytes_max: 8 * 1024,
            body_bytes_max: 1024 * 1024,
            json_depth_max: 32,
            array_items_max: 10_000,
            page_rows_default: 20,
            page_rows_max: 100,
            offset_rows_max: 10_000,
            include_rows_max: 100,
            relation_depth_max: 5,
            includes_max: 20,
            filter_nodes_max: 50,
            in_values_max: 500,
            statement_ms_max: 5_000,
            head_ms_max: 10_000,
            body_ms_max: 30_000,
            idle_ms_max: 75_000,
            connections_max: 10_000,
            queued_writes_max: 4_096,
            drain_ms_max: 25_000,
        }
    }
}
