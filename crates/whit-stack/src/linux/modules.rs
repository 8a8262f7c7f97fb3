//! The programs and libraries that are mapped, and the tables by which their frames are unwound.
//!
//! All of it is read by way of the kernel, from `/proc/self/maps` and from memory: no lock of the dynamic loader is taken, and
//! a library that goes away meanwhile is no more than a read that fails.

use std::fs;

use gimli::{BaseAddresses, EhFrame, EhFrameHdr, LittleEndian, ParsedEhFrameHdr, Pointer};

use super::memory;

/// A slice of a section.
pub(super) type Bytes<'b> = gimli::EndianSlice<'b, LittleEndian>;

/// What is mapped, as far as it has been looked at.
pub(super) struct Modules {
    maps: String,
    found: Vec<Module>,
}

/// The unwind tables of one module, and for which addresses they are.
pub(super) struct Module {
    start: u64,
    end: u64,
    header: Section,
    frames: Section,
}

struct Section {
    address: u64,
    bytes: Vec<u8>,
}

/// One line of the maps.
struct Mapping<'m> {
    start: u64,
    end: u64,
    offset: u64,
    path: &'m str,
}

impl Modules {
    pub(super) fn new() -> Modules {
        Modules { maps: fs::read_to_string("/proc/self/maps").unwrap_or_default(), found: Vec::new() }
    }

    /// The module that this address belongs to, if it has tables.
    pub(super) fn of(&mut self, address: u64) -> Option<&Module> {
        let known = |module: &Module| (module.start..module.end).contains(&address);
        if !self.found.iter().any(known) {
            let module = self.load(address)?;
            self.found.push(module);
        }
        self.found.iter().find(|module| known(module))
    }

    fn load(&self, address: u64) -> Option<Module> {
        let mappings = || self.maps.lines().filter_map(Mapping::parse);
        let own = mappings().find(|mapping| (mapping.start..mapping.end).contains(&address))?;
        // The last one before it that shows the file from its beginning; a file may be mapped more than once.
        let first = mappings()
            .rfind(|mapping| mapping.path == own.path && mapping.offset == 0 && mapping.start <= own.start)?;
        Module::load(first.start, own.start, own.end)
    }
}

impl Mapping<'_> {
    fn parse(line: &str) -> Option<Mapping<'_>> {
        // start-end permissions offset device inode path
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let offset = words.nth(1)?;
        let path = words.nth(2)?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        Some(Mapping { start: number(start)?, end: number(end)?, offset: number(offset)?, path })
    }
}

// Of the ELF format, 64 bits.
const PROGRAM_HEADERS_AT: usize = 32;
const PROGRAM_HEADER_SIZE_AT: usize = 54;
const PROGRAM_HEADERS_COUNT_AT: usize = 56;
const LOAD: u32 = 1;
const EH_FRAME: u32 = 0x6474_e550;

/// A program header.
struct Segment {
    kind: u32,
    address: u64,
    size: u64,
}

impl Module {
    fn load(base: u64, start: u64, end: u64) -> Option<Module> {
        let elf = memory::read_exact(base, 64)?;
        if !elf.starts_with(b"\x7fELF") {
            return None;
        }
        let (size, count) = (half(&elf, PROGRAM_HEADER_SIZE_AT)?, half(&elf, PROGRAM_HEADERS_COUNT_AT)?);
        let headers = memory::read_exact(base + word(&elf, PROGRAM_HEADERS_AT)?, size * count)?;
        let segments: Vec<_> = headers.chunks_exact(size.max(56)).filter_map(Segment::parse).collect();
        // Where the file thinks that it is, against where it is.
        let linked = segments.iter().filter(|segment| segment.kind == LOAD).map(|segment| segment.address).min()?;
        let bias = base.wrapping_sub(linked & !0xfff);
        let tables = segments.iter().find(|segment| segment.kind == EH_FRAME)?;
        let header_at = tables.address.wrapping_add(bias);
        let header = Section { address: header_at, bytes: memory::read_exact(header_at, tables.size as usize)? };
        let frames_at = match header.parse()?.eh_frame_ptr() {
            Pointer::Direct(address) => address,
            Pointer::Indirect(_) => return None,
        };
        // Its length stands nowhere: up to the end of the segment that it is in.
        let holder = segments.iter().find(|segment| {
            segment.kind == LOAD && frames_at.wrapping_sub(segment.address.wrapping_add(bias)) < segment.size
        })?;
        let length = holder.address.wrapping_add(bias) + holder.size - frames_at;
        let frames = Section { address: frames_at, bytes: memory::read_exact(frames_at, length as usize)? };
        Some(Module { start, end, header, frames })
    }

    /// Calls `f` with the header, the tables, and where they are.
    pub(super) fn tables<R>(
        &self,
        f: impl FnOnce(&ParsedEhFrameHdr<Bytes<'_>>, &EhFrame<Bytes<'_>>, &BaseAddresses) -> Option<R>,
    ) -> Option<R> {
        let bases = BaseAddresses::default().set_eh_frame_hdr(self.header.address).set_eh_frame(self.frames.address);
        f(&self.header.parse()?, &EhFrame::new(&self.frames.bytes, LittleEndian), &bases)
    }
}

impl Section {
    fn parse(&self) -> Option<ParsedEhFrameHdr<Bytes<'_>>> {
        let bases = BaseAddresses::default().set_eh_frame_hdr(self.address);
        EhFrameHdr::new(&self.bytes, LittleEndian).parse(&bases, 8).ok()
    }
}

impl Segment {
    fn parse(header: &[u8]) -> Option<Segment> {
        let kind = u32::from_le_bytes(header.get(..4)?.try_into().ok()?);
        Some(Segment { kind, address: word(header, 16)?, size: word(header, 40)? })
    }
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
