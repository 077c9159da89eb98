//! The program as its users meet it: the real binary, real files, real pipes.

/// What the tests are made with.
mod cli {
    pub mod bench;

    mod detect;
    mod fit;
    mod refuse;
    mod sample;
    mod score;
    mod show;
    mod stream;
}
