//! The rules of carts, tried on values: a table of facts, drafts and actions as JSON.

mod checkout;
mod lines;
mod rules;
mod shippings;
mod sign_in;
mod world;
