#!/usr/bin/env bash
# What the tables of Lever, the transactional store of Bastion, keep, and what an insert into them costs.
#
# `LOTable`, the transactional one, has as many buckets as it is made with, but all of them hold one map: each insert
# copies the whole table. `HOPTable`, made as by default, answers `Ok` to a million inserts and has half a percent less
# rows: one whose neighbourhood of 32 segments is full is dropped without an error. With twice the segments it has all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src

cat >Cargo.toml <<'MANIFEST'
[package]
name = "lever-tables"
version = "0.0.0"
edition = "2021"

[dependencies]
lever = "=0.1.4"
MANIFEST

cat >src/main.rs <<'PROGRAM'
use lever::table::hoptable::HOPTable;
use lever::table::lotable::LOTable;
use std::sync::atomic::{AtomicU64, Ordering};

static COPIES: AtomicU64 = AtomicU64::new(0);

struct Counted;

impl Clone for Counted {
    fn clone(&self) -> Self {
        COPIES.fetch_add(1, Ordering::Relaxed);
        Counted
    }
}

fn main() {
    for buckets in [1_024, 65_536] {
        let table: LOTable<u64, Counted> = LOTable::with_capacity(buckets);
        COPIES.store(0, Ordering::Relaxed);
        for key in 0..2_000 {
            table.insert(key, Counted).unwrap();
        }
        let copies = COPIES.load(Ordering::Relaxed) / 2_000;
        println!("LOTable with {buckets} buckets: {copies} copies of values for each of 2000 inserts");
        assert!(copies >= 1_000);
    }
    let count = 1_000_000;
    let found: Vec<usize> = [HOPTable::new(), HOPTable::with_capacity(1 << 21)]
        .iter()
        .map(|table: &HOPTable<u64, u64>| {
            (0..count).for_each(|key| assert!(table.insert(key, key).is_ok()));
            (0..count).filter(|key| table.get(key) == Some(*key)).count()
        })
        .collect();
    println!("HOPTable after {count} inserts that were Ok: {} rows, with twice the segments {}", found[0], found[1]);
    assert!(found[0] < count as usize && found[1] == count as usize);
}
PROGRAM

cargo run --release --quiet 2>/dev/null
