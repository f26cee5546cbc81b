//! Fills the tables that Underpin made for `bench/shop` with the same rows each time.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, Transaction};

const N_PRODUCTS: u64 = 10_000;
const N_USERS: u64 = 1_000;
const N_ORDERS: u64 = 5_000;
const ITEMS_PER_ORDER: u64 = 3;
const N_CATEGORIES: u64 = 50;

/// 2026-01-01T00:00:00Z in microseconds: when the first row was made.
const START: u64 = 1_767_225_600_000_000;

const STATUSES: [&str; 4] = ["PENDING", "PAID", "SHIPPED", "CANCELLED"];

/// What a key is of; part of the key, so that no two tables share one.
#[derive(Clone, Copy)]
enum Table {
    Product = 1,
    User = 2,
    Order = 3,
    Item = 4,
}

/// Fills the database at `path`, whose tables must be there and empty.
pub(crate) fn run(path: &Path) -> Result<()> {
    let mut connection = Connection::open(path)?;
    let transaction = connection.transaction()?;
    let n_rows: i64 = transaction
        .query_row("SELECT count(*) FROM product", [], |row| row.get(0))
        .context("the tables of bench/shop are not there")?;
    anyhow::ensure!(n_rows == 0, "the tables hold rows already");
    products(&transaction)?;
    users(&transaction)?;
    orders(&transaction)?;
    transaction.commit()?;
    connection.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(())
}

fn products(transaction: &Transaction<'_>) -> Result<()> {
    let mut insert = transaction.prepare(
        "INSERT INTO product (id, name, category, price, stock, created_at, updated_at, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1)",
    )?;
    for n in 0..N_PRODUCTS {
        insert.execute((
            key(Table::Product, n).as_slice(),
            format!("Product number {n}"),
            format!("category-{}", n % N_CATEGORIES),
            // Spread over 1.00 to 999.99; the multiplier is prime, so neighbours differ.
            (n * 7_919 % 99_900 + 100).cast_signed(),
            (n % 500).cast_signed(),
            micros(n),
        ))?;
    }
    Ok(())
}

fn users(transaction: &Transaction<'_>) -> Result<()> {
    let mut insert = transaction.prepare(
        "INSERT INTO user (id, email, name, created_at, updated_at, version) \
         VALUES (?1, ?2, ?3, ?4, ?4, 1)",
    )?;
    for n in 0..N_USERS {
        let (email, name) = (format!("user{n}@example.com"), format!("User number {n}"));
        insert.execute((key(Table::User, n).as_slice(), email, name, micros(n)))?;
    }
    Ok(())
}

fn orders(transaction: &Transaction<'_>) -> Result<()> {
    let mut insert = transaction.prepare(
        "INSERT INTO \"order\" \
         (id, customer_id, status, placed_at, created_at, updated_at, version) \
         VALUES (?1, ?2, ?3, ?4, ?4, ?4, 1)",
    )?;
    let mut insert_item = transaction.prepare(
        "INSERT INTO order_item \
         (id, order_id, product_id, quantity, created_at, updated_at, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1)",
    )?;
    for n in 0..N_ORDERS {
        let order = key(Table::Order, n);
        let customer = key(Table::User, n * 31 % N_USERS);
        let status = STATUSES[usize::try_from(n * 13 / 7 % 4)?];
        insert.execute((order.as_slice(), customer.as_slice(), status, micros(n)))?;
        for item in 0..ITEMS_PER_ORDER {
            let number = n * ITEMS_PER_ORDER + item;
            let product = key(Table::Product, number * 97 % N_PRODUCTS);
            insert_item.execute((
                key(Table::Item, number).as_slice(),
                order.as_slice(),
                product.as_slice(),
                (item + 1).cast_signed(),
                micros(n),
            ))?;
        }
    }
    Ok(())
}

/// When row `n` was made: one each second.
fn micros(n: u64) -> i64 {
    (START + n * 1_000_000).cast_signed()
}

/// A UUID of version 7 for row `n`.
fn key(table: Table, n: u64) -> [u8; 16] {
    let millis = (START / 1_000 + n * 1_000).to_be_bytes();
    let mut key = [0; 16];
    key[..6].copy_from_slice(&millis[2..]);
    key[6] = 0x70;
    key[7] = table as u8;
    key[8..].copy_from_slice(&n.to_be_bytes());
    key[8] |= 0x80;
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_valid_distinct_and_ascending() {
        let keys: Vec<[u8; 16]> = (0..100).map(|n| key(Table::Product, n)).collect();
        assert!(keys.is_sorted());
        assert_ne!(key(Table::Product, 1), key(Table::User, 1));
        let id = uuid::Uuid::from_bytes(keys[7]);
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
    }
}
