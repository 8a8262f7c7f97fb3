//! A client: it puts by the leader and gets by a majority, and tries again what fails.

use std::time::Duration;

use super::log::Entry;
use super::node::{ask, pass_on};

/// The three nodes, the leader first.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) nodes: Vec<String>,
}

impl Client {
    /// Puts a value, and returns its version. The request's number must be this request's alone: if an answer is lost the same
    /// request is sent again, and the leader knows it by that.
    pub(crate) async fn put(&self, request: u64, key: &str, value: &str) -> u64 {
        loop {
            let answer = ask(&self.nodes[0], &format!("put {request} {key} {value}")).await;
            if let Some(version) = answer.ok().as_deref().and_then(|text| text.strip_prefix("ok ")?.parse().ok()) {
                return version;
            }
            whit::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The newest write of a key, as two of three nodes know it, and will from now on.
    pub(crate) async fn get(&self, key: &str) -> Option<Entry> {
        let answers = self.nodes.iter().map(|node| self.get_from(node.clone(), key.to_owned()));
        let mut answers = whit::scope::as_completed(answers);
        let mut newest: Option<Entry> = None;
        let (mut heard, mut have) = (0, Vec::new());
        while heard < 2 {
            let (node, entry) = answers.next().await.expect("three were asked");
            heard += 1;
            if entry > newest {
                have.clear();
                newest = entry;
                have.push(node);
            } else if entry == newest {
                have.push(node);
            }
        }
        drop(answers);
        let entry = newest?;
        if have.len() < 2 {
            // Or a later reader might ask two that have not heard of it.
            let others = (0..self.nodes.len()).filter(|node| !have.contains(node));
            let copies: Vec<_> = others.map(|node| pass_on(self.nodes[node].clone(), entry.clone())).collect();
            whit::scope::race(copies).await;
        }
        Some(entry)
    }

    async fn get_from(&self, node: String, key: String) -> Option<Entry> {
        loop {
            match ask(&node, &format!("get {key}")).await.as_deref() {
                Ok("none") => return None,
                Ok(answer) => {
                    let words: Vec<_> = answer.split(' ').collect();
                    if let Some(entry) = words.strip_prefix(&["ok"]).and_then(Entry::from_words) {
                        return Some(entry);
                    }
                }
                Err(_) => {}
            }
            whit::sleep(Duration::from_millis(100)).await;
        }
    }
}
