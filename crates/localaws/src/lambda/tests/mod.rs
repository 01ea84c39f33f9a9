//! The service driven through `handle`.
