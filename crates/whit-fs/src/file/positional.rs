//! Reads and writes at an offset, which leave the cursor where it is.

use std::io;

use whit_core::DiskWork;

use super::File;
use super::body::Body;

/// Bytes that one hop moves at most.
const STEP_MOST: usize = 1024 * 1024;

/// Several tasks may use these at once on a shared file.
impl File {
    /// Reads at an offset, up to 1 MiB; 0 bytes are the end. Without a hop to the pool if the system has them in memory, on Linux.
    ///
    /// # Errors
    ///
    /// That of a write behind, or what the system says.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let most = buf.len().min(STEP_MOST);
        let buf = &mut buf[..most];
        if self.cursor.is_written()
            && let Some(read) = self.cursor.io.read_now(buf, Some(offset))
        {
            return read;
        }
        let mut bytes = vec![0; most];
        let (bytes, length) = self
            .op_at(DiskWork::Read, move |file| {
                let length = file.read_at(&mut bytes, offset)?;
                Ok((bytes, length))
            })
            .await?;
        buf[..length].copy_from_slice(&bytes[..length]);
        Ok(length)
    }

    /// Fills `buf` from an offset on.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the file ends before that; else as for [`read_at`](File::read_at).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.read_at(buf, offset).await {
                Ok(0) => {
                    let text = format!("reading {} more bytes at {offset} failed: the file ends there", buf.len());
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
                }
                Ok(length) => {
                    buf = &mut buf[length..];
                    offset += length as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes at an offset, up to 1 MiB, and waits until the system has it. With `append` the offset is ignored, on Linux.
    ///
    /// # Errors
    ///
    /// That of a write behind, or what the system says.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its job has begun, it writes nothing; after that it is done, and nobody hears how much was written.
    pub async fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let bytes = buf[..buf.len().min(STEP_MOST)].to_vec();
        self.op_at(DiskWork::Write, move |file| file.write_at(&bytes, offset)).await
    }

    /// Writes all of `buf` from an offset on.
    ///
    /// # Errors
    ///
    /// As for [`write_at`](File::write_at); a part may be written then.
    ///
    /// # Cancel safety
    ///
    /// None: a part may be written.
    pub async fn write_all_at(&self, mut buf: &[u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.write_at(buf, offset).await {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => {
                    buf = &buf[length..];
                    offset += length as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    #[cfg(unix)]
    async fn op_at<R: Send + 'static>(
        &self,
        work: DiskWork,
        f: impl FnOnce(&Body) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        self.op(work, f).await
    }

    /// Windows moves the cursor: it is put back, and held meanwhile.
    #[cfg(windows)]
    async fn op_at<R: Send + 'static>(
        &self,
        work: DiskWork,
        f: impl FnOnce(&Body) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        use std::io::{Seek, SeekFrom};

        let cursor = self.cursor.clone();
        crate::hop::hop(self.cursor.io.disk().cloned(), work, move |_| {
            cursor.settle_and_tell()?;
            cursor.exclusively(|body| {
                let Some(mut file) = body.system() else { return f(body) };
                let at = file.stream_position()?;
                let done = f(body);
                file.seek(SeekFrom::Start(at))?;
                done
            })
        })
        .await
    }
}
