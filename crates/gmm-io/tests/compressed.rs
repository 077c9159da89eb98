//! Compression is detected from the contents; formats that are not read are named, with a program that reads them.

use std::io::Cursor;
#[cfg(feature = "compressed")]
use std::io::Write;
use std::path::Path;

use gmm_io::{ReadOptions, Table, open_stream, read_all};

fn table(bytes: &[u8]) -> Result<Table, String> {
    open_stream(Cursor::new(bytes.to_vec()), Path::new("t.csv"), &ReadOptions::default())
        .and_then(|mut source| read_all(&mut *source))
        .map_err(|error| error.to_string())
}

#[test]
fn what_is_not_read_is_named_with_what_reads_it() {
    let npz: [u8; 40] = *b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.npyxxxxx";
    let xlsx = [&npz[..30], b"[Content_Types].xml"].concat();
    let zip = [&npz[..30], b"data.csv"].concat();
    let npz = npz.to_vec();
    for (bytes, what, program) in [
        (&b"BZh91AY&SY"[..], "compressed by bzip2", "bzcat"),
        (b"\xfd7zXZ\0\0\x04", "compressed by xz", "xzcat"),
        (b"\x04\x22\x4d\x18", "compressed by lz4", "lz4cat"),
        (&npz, "an npz archive of numpy", "unzip"),
        (&xlsx, "a workbook of Excel", "csv"),
        (&zip, "a zip archive", "unzip -p"),
        (b"PAR1\x15\x04", "a Parquet file", "duckdb"),
        (b"ARROW1\0\0", "an Arrow file", "read_feather"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "numpy.save"),
        (b"\x80\x04\x95", "a pickle of Python", "numpy.save"),
        (b"SQLite format 3\0", "a database of SQLite", "sqlite3 -csv"),
        (b"\xff\xfex\0,\0", "text in UTF-16", "iconv"),
        (b"\xa0\x02\0\0\0\0\0\0{\"__metadata__\"", "a model file", "MODEL"),
    ] {
        let refused = table(bytes).unwrap_err();
        assert!(refused.starts_with(&format!("t.csv: {what}; ")) && refused.contains(program), "{refused}");
    }
    for n in 1..6 {
        assert_eq!(
            table(&b"\x93NUMPY"[..n]).unwrap_err(),
            format!("t.csv: an npy array that is cut off after {n} bytes; copy or save it again")
        );
    }
}

#[cfg(not(feature = "compressed"))]
#[test]
fn without_decompressors_compressed_files_are_named() {
    assert_eq!(
        table(b"\x1f\x8b\x08\0").unwrap_err(),
        "t.csv: compressed by gzip; decompress it with gzip -dk"
    );
    assert_eq!(
        table(b"\x28\xb5\x2f\xfd").unwrap_err(),
        "t.csv: compressed by zstd; decompress it with zstd -dk"
    );
}

#[cfg(feature = "compressed")]
mod read {
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    /// A frame of zstd(1) of "x,y\n1,2\n", stored and with its checksum.
    const FRAME: [u8; 24] = [
        0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x08, 0x41, 0x00, 0x00, b'x', b',', b'y', b'\n', b'1', b',', b'2',
        b'\n', 0, 0, 0, 0, 0, 0, 0,
    ];

    #[test]
    fn a_table_is_the_same_compressed_in_one_piece_or_in_several() {
        let text = format!("x,y\n{}", "1,2\n3.5,4\n".repeat(50_000));
        let plain = table(text.as_bytes()).unwrap();
        let (first, second) = text.as_bytes().split_at(1234);
        let skippable = [&0x184d_2a50_u32.to_le_bytes()[..], &5_u32.to_le_bytes(), b"aside"].concat();
        for bytes in [
            gzip(text.as_bytes()),
            [gzip(first), gzip(second)].concat(),
            zstd(text.as_bytes()),
            [zstd(first), skippable.clone(), zstd(second), skippable.clone()].concat(),
            [skippable, zstd(text.as_bytes())].concat(),
        ] {
            assert_eq!(table(&bytes).unwrap(), plain);
        }
    }

    #[test]
    fn arrays_are_read_through_compression_and_layers_of_it_are_not() {
        let mut array = Vec::new();
        gmm_io::write_npy_header(2, 2, &mut array).unwrap();
        gmm_io::write_npy_values(&[1.0, 2.0, 3.0, 4.0], &mut array).unwrap();
        assert_eq!(table(&gzip(&array)).unwrap().values, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(table(&zstd(&array)).unwrap().values, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(
            table(&gzip(&zstd(&array))).unwrap_err(),
            "t.csv: compressed more than once; decompress it first"
        );
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_refused_and_never_a_shorter_table() {
        let text = "1,2\n3,4\n".repeat(1000);
        for (bytes, what) in [(gzip(text.as_bytes()), "gzip"), (zstd(text.as_bytes()), "zstd")] {
            for len in (20..bytes.len()).step_by(3) {
                let refused = table(&bytes[..len]).unwrap_err();
                assert_eq!(
                    refused,
                    format!(
                        "cannot read t.csv: the {what} data end too early; copy or compress the file again"
                    ),
                    "{len} of {}",
                    bytes.len()
                );
            }
        }
        let mut bytes = gzip(text.as_bytes());
        let at = bytes.len() - 6;
        bytes[at] ^= 1;
        assert!(table(&bytes).unwrap_err().starts_with("cannot read t.csv: the gzip data are damaged ("));
        // A wrong checksum.
        assert_eq!(
            table(&FRAME[..21]).unwrap_err(),
            "cannot read t.csv: the zstd data are damaged (the checksum differs)"
        );
    }
}
