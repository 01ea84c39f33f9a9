//! `down --prove`: what is left is found by tag, name and parent, and its command really removes it.

mod everywhere;
mod kinds;
mod late;
mod left;
mod planted;
mod protection;
mod receipt;
mod shown;
mod tools;
mod unseen;
