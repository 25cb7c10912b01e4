//! The rules of carts, tried on values: a table of facts, drafts and actions as JSON.

mod checkout;
mod lines;
mod rules;
mod sign_in;
mod world;
