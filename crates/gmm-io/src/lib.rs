//! Samples from CSV text and npy arrays, read block by block in bounded memory; and model files, which are written
//! completely or not at all.
//!
//! ```text
//! path ──▶ open ──▶ Source ──▶ read_block, read_block, …   a block of rows at a time
//!           │         └─────▶ read_all ──▶ Table           everything, when it fits
//!           └ npy by its first bytes, otherwise CSV, both also compressed; "-" is standard input
//!           └──────▶ Reread                            every pass from the beginning, for a fit over a stream
//! path ◀── save_model ◀── Mixture ◀── load_model ◀── path
//! path ◀── WholeFile ◀── any other output
//! ```
//!
//! A [`Source`] yields `f64` in row-major order, and every value is finite. The error for a refused value names its
//! position: the line and column of a text, or the row and column of an array, all counted from one.
//!
//! ```
//! use std::path::Path;
//!
//! use gmm_io::{Column, ReadOptions, Source, open_stream};
//!
//! let text = "id,width,height\na,1.5,2\nb,2.5,4\nc,3.5,8\n";
//! let options = ReadOptions {
//!     columns: Column::parse_list("height,width")?,
//!     ..ReadOptions::default()
//! };
//! let mut source = open_stream(text.as_bytes(), Path::new("boxes.csv"), &options)?;
//! assert_eq!(source.n_features(), 2);
//!
//! let mut block = Vec::new();
//! assert_eq!(source.read_block(2, &mut block)?, 2);
//! assert_eq!(block, [2.0, 1.5, 4.0, 2.5]);
//! assert_eq!(source.read_block(2, &mut block)?, 1);
//! assert_eq!(block, [8.0, 3.5]);
//! assert_eq!(source.read_block(2, &mut block)?, 0);
//! # Ok::<(), gmm_io::Error>(())
//! ```
#![forbid(unsafe_code)]

// In reading order, which is also dependency order: a room may use the rooms above it.

// Errors.
mod place;

mod error;

// Options, and the data that readers return.
mod options;
mod selection;

mod source;

// Readers.
mod npy;
mod csv;

mod format;
mod compressed;
mod open;

mod reread;

// Writers.
mod whole;
mod metadata;
mod model;

pub use crate::error::Error;
pub use crate::format::described;
pub use crate::metadata::read_metadata;
pub use crate::model::{Model, load_model, model_from_bytes, model_to_bytes, save_model};
pub use crate::npy::{write_npy_header, write_npy_values};
pub use crate::open::{open, open_stream};
pub use crate::options::{Column, Comment, Decimal, Header, LineRange, ReadOptions};
pub use crate::place::Place;
pub use crate::reread::Reread;
pub use crate::source::{Source, Table, read_all};
pub use crate::whole::{WholeFile, link_target};
