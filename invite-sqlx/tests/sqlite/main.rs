//! What is SQLite's own: locks, statements, files, rows of another's making.

/// The word that `--only` looks for in the path of a test.
#[path = "."]
mod sqlite {
    mod at_rest;
    mod races;
    mod rows;
    mod world;
}
