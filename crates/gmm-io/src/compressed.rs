//! Decompression of gzip and Zstandard. Only with the feature `compressed`: a crate that needs model files only links
//! no decompressor.

#[cfg(not(feature = "compressed"))]
pub(crate) use self::absent::{gzip, zstd};
#[cfg(feature = "compressed")]
pub(crate) use self::present::{gzip, zstd};

#[cfg(not(feature = "compressed"))]
mod absent {
    use std::io::Read;
    use std::path::Path;

    use crate::error::Error;

    type Stream = Box<dyn Read + Send>;

    pub(crate) fn gzip(_: Stream, path: &Path) -> Result<Stream, Error> {
        let (what, advice) = ("compressed by gzip", "decompress it with gzip -dk");
        Err(Error::OtherFormat { path: path.to_owned(), what, advice })
    }

    pub(crate) fn zstd(_: Stream, path: &Path) -> Result<Stream, Error> {
        let (what, advice) = ("compressed by zstd", "decompress it with zstd -dk");
        Err(Error::OtherFormat { path: path.to_owned(), what, advice })
    }
}

#[cfg(feature = "compressed")]
mod present {
    use std::io::{self, BufRead, BufReader, Read};
    use std::path::Path;

    use flate2::bufread::MultiGzDecoder;
    use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
    use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

    use crate::error::Error;

    type Stream = Box<dyn Read + Send>;

    /// Approximate number of bytes of a frame that are decoded at a time.
    const STEP: usize = 1 << 17;

    /// All members of a gzip file, one after the other.
    pub(crate) fn gzip(stream: Stream, _: &Path) -> Result<Stream, Error> {
        Ok(Box::new(Named {
            inner: MultiGzDecoder::new(BufReader::with_capacity(1 << 16, stream)),
            what: "gzip",
        }))
    }

    /// All frames of a Zstandard file, one after the other.
    pub(crate) fn zstd(stream: Stream, _: &Path) -> Result<Stream, Error> {
        let source = BufReader::with_capacity(1 << 16, stream);
        let frames = Frames { source, decoder: FrameDecoder::new(), inside: false };
        Ok(Box::new(Named { inner: frames, what: "zstd" }))
    }

    /// A decompressor whose errors name the compression.
    struct Named<R> {
        inner: R,
        what: &'static str,
    }

    impl<R: Read> Read for Named<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.inner.read(buffer).map_err(|error| match error.kind() {
                io::ErrorKind::Interrupted => error,
                io::ErrorKind::UnexpectedEof => {
                    let message =
                        format!("the {} data end too early; copy or compress the file again", self.what);
                    io::Error::new(io::ErrorKind::UnexpectedEof, message)
                }
                kind => io::Error::new(kind, format!("the {} data are damaged ({error})", self.what)),
            })
        }
    }

    struct Frames<R> {
        source: R,
        decoder: FrameDecoder,
        /// Whether a frame has begun and is not finished.
        inside: bool,
    }

    impl<R: BufRead> Frames<R> {
        /// Begins the next frame; false at the end of the file.
        fn begin(&mut self) -> io::Result<bool> {
            while !self.source.fill_buf()?.is_empty() {
                match self.decoder.reset(&mut self.source) {
                    Ok(()) => {
                        self.inside = true;
                        return Ok(true);
                    }
                    // A skippable frame, which parallel compressors write between frames of data.
                    Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                        length,
                        ..
                    })) => {
                        let wanted = u64::from(length);
                        if io::copy(&mut (&mut self.source).take(wanted), &mut io::sink())? < wanted {
                            return Err(io::ErrorKind::UnexpectedEof.into());
                        }
                    }
                    Err(error) => return Err(refused(&error)),
                }
            }
            Ok(false)
        }

        fn end(&mut self) -> io::Result<()> {
            self.inside = false;
            match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
                (Some(stored), Some(found)) if stored != found => {
                    Err(io::Error::other("the checksum differs"))
                }
                _ => Ok(()),
            }
        }
    }

    impl<R: BufRead> Read for Frames<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if buffer.is_empty() {
                return Ok(0);
            }
            loop {
                if !self.inside && !self.begin()? {
                    return Ok(0);
                }
                while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                    let step = BlockDecodingStrategy::UptoBytes(STEP);
                    self.decoder.decode_blocks(&mut self.source, step).map_err(|error| refused(&error))?;
                }
                let n = self.decoder.read(buffer)?;
                if n > 0 {
                    return Ok(n);
                }
                self.end()?;
            }
        }
    }

    /// The error for a frame that cannot be decoded; it says so if the frame is cut off.
    fn refused(error: &FrameDecoderError) -> io::Error {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            let io = error.downcast_ref::<io::Error>();
            if io.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
                return io::ErrorKind::UnexpectedEof.into();
            }
            cause = error.source();
        }
        io::Error::new(io::ErrorKind::InvalidData, error.to_string())
    }
}
