//! Bodies, values and cursors' shapes: what golden files of statements do not show.

mod bodies;
mod demands;
mod inverses;
mod refusals;
mod scopes;
mod shapes;
mod shop;
mod slots;
