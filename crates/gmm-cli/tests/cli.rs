//! The program as its users meet it: the real binary, real files, real pipes.

/// What the tests are made with.
mod cli {
    pub mod bench;

    mod choices;
    mod detect;
    mod diagnosis;
    mod files;
    mod fit;
    mod interrupt;
    mod refuse;
    mod sample;
    mod score;
    mod select;
    mod show;
    mod stream;
}
