//! What is SQLite's own: locks, statements, files, rows of another's making.

mod at_rest;
mod races;
mod rows;
mod world;
