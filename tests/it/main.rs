//! The real program against the local twin, over real HTTP.

#![allow(clippy::expect_used, reason = "a test may panic")]

mod accounts;
mod adopt;
mod change;
mod choices;
mod conflicts;
mod deployed;
mod door;
mod doors;
mod drift;
mod edge;
mod elsewhere;
mod files;
mod fuzz;
mod harness;
mod hostile;
mod input;
mod interrupt;
mod keys;
mod labs;
mod leaves;
mod local;
mod login;
mod logs;
mod lost;
mod output;
mod owners;
mod package;
mod plan;
mod prove;
mod rates;
mod readme;
mod resize;
mod runtimes;
mod secrets;
mod shown;
mod state;
#[path = "../support/mod.rs"]
mod support;
mod surprise;
mod tidy;
mod trust;
mod tutorial;
mod twin;
mod unruly;
mod watch;

use support::ready;
