//! The requests that are measured, and the sample of them whose answers are compared.

/// Products that `bench-limit seed` makes, in fifty categories.
const N_PRODUCTS: u64 = 10_000;
const N_CATEGORIES: u64 = 50;

/// When the first product was made, in milliseconds since 1970: the first half of its key.
const START_MS: u64 = 1_767_225_600_000;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// One row by its key.
    ReadById,
    /// Twenty rows, filtered and sorted.
    List,
    /// Twenty orders, each with its customer and items.
    Nested,
    /// One durable insert.
    Insert,
}

impl Kind {
    /// Every kind, in the order of the report.
    pub(super) const ALL: [Self; 4] = [Self::ReadById, Self::List, Self::Nested, Self::Insert];

    /// The short name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ReadById => "R1",
            Self::List => "R2",
            Self::Nested => "R3",
            Self::Insert => "W1",
        }
    }

    /// What it does.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::ReadById => "read by id",
            Self::List => "list of 20, filtered and sorted",
            Self::Nested => "20 orders with customer and items",
            Self::Insert => "durable insert",
        }
    }

    /// The method.
    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::ReadById | Self::List | Self::Nested => "GET",
            Self::Insert => "POST",
        }
    }

    /// The body.
    pub(super) const fn body(self) -> &'static str {
        match self {
            Self::ReadById | Self::List | Self::Nested => "",
            Self::Insert => {
                r#"{"name":"Product from the bench","category":"bench","price":"12.50","stock":7}"#
            }
        }
    }

    /// Every target that may be requested.
    pub(super) fn targets(self) -> Vec<String> {
        match self {
            Self::ReadById => (0..N_PRODUCTS).map(product_target).collect(),
            Self::List => (0..N_CATEGORIES).flat_map(list_targets).collect(),
            Self::Nested => ["PENDING", "PAID", "SHIPPED", "CANCELLED"].map(nested_target).into(),
            Self::Insert => vec!["/api/v1/products".to_owned()],
        }
    }
}

fn product_target(n: u64) -> String {
    let millis = START_MS + n * 1_000;
    let (high, low) = (millis >> 16, millis & 0xffff);
    format!("/api/v1/products/{high:08x}-{low:04x}-7001-8000-{n:012x}")
}

fn list_targets(category: u64) -> impl Iterator<Item = String> {
    [1, 100, 400].into_iter().map(move |price| {
        let filter = format!("category=category-{category}&price%5Bgte%5D={price}");
        format!("/api/v1/products?{filter}&sort=-price,id")
    })
}

fn nested_target(status: &str) -> String {
    format!("/api/v1/orders?status={status}&sort=-placedAt,id&include=customer,items")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_form_that_the_seed_gives_them() {
        assert_eq!(product_target(0), "/api/v1/products/019b76da-a800-7001-8000-000000000000");
        assert_eq!(product_target(255), "/api/v1/products/019b76de-8c18-7001-8000-0000000000ff");
    }
}
