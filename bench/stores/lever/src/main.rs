//! Lever's tables as a store of the bench: keys come as lines up to an empty one, then steps, each over all keys.
//!
//! Rows are in a `HOPTable` with twice as many segments as there are keys, so that it has room for each. Lever has no
//! transactions over this table: a transaction has a variable for each row, which it finds by the key in a `HashMap` of
//! Rust's, or which the program holds.
use lever::table::hoptable::HOPTable;
use lever::txn::prelude::*;
use std::collections::HashMap;
use std::env::args;
use std::hash::Hash;
use std::io::{stdin, stdout, BufRead, Write};

fn main() {
    let mut lines = stdin().lock().lines().map(|line| line.unwrap());
    let keys: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    if args().nth(1).as_deref() == Some("number") {
        serve(keys.iter().map(|key| key.parse::<u64>().unwrap()).collect(), lines)
    } else {
        serve(keys, lines)
    }
}

fn serve<K: Hash + Eq + Clone + Send + Sync + 'static>(keys: Vec<K>, steps: impl Iterator<Item = String>) {
    let rows: HOPTable<K, u64> = HOPTable::with_capacity((2 * keys.len()).next_power_of_two());
    let transaction = TxnManager::manager().txn_build(
        TransactionConcurrency::Optimistic,
        TransactionIsolation::Serializable,
        100,
        1,
        "bench".into(),
    );
    let mut variables: Vec<TVar<u64>> = (0..keys.len() as u64).map(TVar::new).collect();
    let mut by_key: HashMap<K, TVar<u64>> = keys.iter().cloned().zip(variables.iter().cloned()).collect();
    let add_one = |variable: &mut TVar<u64>| {
        transaction.begin(|open| { let value = open.read(variable); open.write(variable, value + 1) }).unwrap();
    };
    for step in steps {
        match step.as_str() {
            "insert" => keys.iter().enumerate().for_each(|(at, key)| set(&rows, key, at)),
            "get" => keys.iter().enumerate().for_each(|(at, key)| assert_eq!(rows.get(key), Some(at as u64))),
            "update" => keys.iter().enumerate().for_each(|(at, key)| set(&rows, key, at + 1)),
            "transact" => keys.iter().for_each(|key| add_one(by_key.get_mut(key).unwrap())),
            "transactHeld" => variables.iter_mut().for_each(add_one),
            "remove" => keys.iter().for_each(|key| { rows.remove(key).unwrap(); }),
            other => panic!("{other} is no step"),
        }
        println!("done");
        stdout().flush().unwrap();
    }
}

fn set<K: Hash + Eq + Clone + Send + Sync>(rows: &HOPTable<K, u64>, key: &K, value: usize) {
    rows.insert(key.clone(), value as u64).unwrap();
}
