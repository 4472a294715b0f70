//! What happens to the files once they are built: stripped, styled, named by their content, compressed.
//! Refuses to change what the browser does with them.

use crate::{Done, sources};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The files of a folder and below, sorted.
pub fn files(folder: &Path) -> Done<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|why| format!("cannot list {}: {why}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|why| format!("cannot list {}: {why}", folder.display()))?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(file: &Path) -> Done<Vec<u8>> {
    fs::read(file).map_err(|why| format!("cannot read {}: {why}", file.display()))
}

fn write(file: &Path, bytes: &[u8]) -> Done<()> {
    fs::write(file, bytes).map_err(|why| format!("cannot write {}: {why}", file.display()))
}

fn is(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

/// Removes the custom sections of every WASM file; wasm-bindgen strips only the main one.
pub fn strip_all(folder: &Path) -> Done<()> {
    for file in files(folder)?.iter().filter(|file| is(file, "wasm")) {
        let bytes = read(file)?;
        let stripped = strip(&bytes).ok_or_else(|| format!("{} is not a WASM module", file.display()))?;
        write(file, &stripped)?;
    }
    Ok(())
}

/// A WASM module without its custom sections (id 0).
/// <https://webassembly.github.io/spec/core/binary/modules.html#sections>
fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = bytes.split_at_checked(8)?;
    let mut kept = header.to_vec();
    while let Some((&id, after_id)) = rest.split_first() {
        let (size, after_size) = leb128(after_id)?;
        let section = after_size.get(..size)?;
        let length = rest.len() - after_size.len() + size;
        if id != 0 {
            kept.extend_from_slice(rest.get(..length)?);
        }
        rest = after_size.get(section.len()..)?;
    }
    Some(kept)
}

fn leb128(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    let mut shift = 0_u32;
    loop {
        let (&byte, rest) = bytes.split_first()?;
        value |= usize::from(byte & 0x7f).checked_shl(shift)?;
        bytes = rest;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some((value, bytes));
        }
    }
}

/// Writes tokens and dashboard style as one file, and the icon.
pub fn style(style: &Path, folder: &Path) -> Done<()> {
    let mut css = String::new();
    for part in ["tokens.css", "dashboard.css"] {
        let text = String::from_utf8(read(&style.join(part))?).map_err(|_| format!("style/{part} is not UTF-8"))?;
        css.push_str(&tightened(&text));
    }
    write(&folder.join("lingbao.css"), css.as_bytes())?;
    write(&folder.join("icon.svg"), &read(&style.join("icon.svg"))?)
}

/// CSS without comments and without the white space at the edges of its lines.
fn tightened(css: &str) -> String {
    let mut plain = String::new();
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

/// A folder's name made of its files' names and content.
pub fn name(folder: &Path) -> Done<String> {
    let mut hash = Sha256::new();
    for file in files(folder)? {
        hash.update(file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().as_bytes());
        hash.update(read(&file)?);
    }
    Ok(sources::short(&hash.finalize()))
}

/// Writes a `.gz` and a `.br` beside every file that shrinks; `quick` trades size for time.
pub fn compress(folder: &Path, quick: bool) -> Done<()> {
    for file in files(folder)?.iter().filter(|file| ["wasm", "js", "css", "svg"].iter().any(|kind| is(file, kind))) {
        let bytes = read(file)?;
        write(&beside(file, "gz"), &gzip(&bytes, quick)?)?;
        write(&beside(file, "br"), &brotli(&bytes, quick)?)?;
    }
    Ok(())
}

/// `file` with one more extension.
pub fn beside(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn gzip(bytes: &[u8], quick: bool) -> Done<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), if quick { Compression::fast() } else { Compression::best() });
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|why| format!("cannot gzip: {why}"))
}

fn brotli(bytes: &[u8], quick: bool) -> Done<Vec<u8>> {
    let quality = if quick { 1 } else { 11 };
    let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut packed, &params).map_err(|why| format!("cannot compress: {why}"))?;
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_custom_sections_are_stripped() {
        let module = [b"\0asm\x01\0\0\0".as_slice(), &[0, 3, 1, b'x', 9], &[1, 1, 0], &[0, 1, 0]].concat();
        assert_eq!(strip(&module), Some([b"\0asm\x01\0\0\0".as_slice(), &[1, 1, 0]].concat()));
        assert_eq!(strip(b"\0asm\x01\0\0\0\x01\x7f"), None, "a section that claims more than there is");
        assert_eq!(strip(b"short"), None);
    }

    #[test]
    fn comments_and_indentation_leave_the_style_sheet() {
        assert_eq!(tightened("/* a */\n  b {\n    c: d; /* e */\n  }\n\n"), "b {\nc: d;\n}\n");
    }
}
