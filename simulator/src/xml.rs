//! Small XML, in and out: the flat maps of WeChat Pay v2 and the replies of an official account.
//! It refuses documents with a DTD, an entity of their own, or more depth than WeChat ever sends.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

/// A leaf of a document: its path below the root (`Articles/item/Url`) and its text. White space around the text is gone
/// where it was plain, and kept where the writer put it into CDATA: there it is part of what was signed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The text of one element while it is read, and which part of it must stay as it is.
#[derive(Default)]
struct Text {
    all: String,
    kept: Option<(usize, usize)>,
}

impl Text {
    /// Adds plain text.
    fn plain(&mut self, part: &str) {
        self.all.push_str(part);
    }

    /// Adds text that stays as it is.
    fn verbatim(&mut self, part: &str) {
        let from = self.kept.map_or(self.all.len(), |(from, _)| from);
        self.all.push_str(part);
        self.kept = Some((from, self.all.len()));
    }

    /// Hands the text over, without white space around it.
    fn take(&mut self) -> String {
        let Self { all, kept } = std::mem::take(self);
        match kept {
            None => all.trim().to_owned(),
            Some((from, to)) => format!("{}{}{}", all[..from].trim_start(), &all[from..to], all[to..].trim_end()),
        }
    }
}

/// Reads a document whose root is `xml` into its leaves, in order.
pub(crate) fn leaves(bytes: &[u8]) -> Result<Vec<Leaf>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the body is not UTF-8")?;
    let mut reader = Reader::from_str(text);
    let (mut path, mut found, mut current) = (Vec::<String>::new(), Vec::new(), Text::default());
    let (mut is_leaf, mut closed) = (false, false);
    loop {
        match reader.read_event().map_err(|_| "the body is not well-formed XML")? {
            Event::Eof if closed => return Ok(found),
            Event::Eof => return Err("the body ends too early"),
            Event::Start(tag) => {
                if closed || path.len() > 8 || found.len() > 500 {
                    return Err("the body has more structure than allowed");
                }
                path.push(String::from_utf8_lossy(tag.name().as_ref()).into_owned());
                if path[0] != "xml" {
                    return Err("the root is not <xml>");
                }
                current = Text::default();
                is_leaf = true;
            }
            Event::Empty(tag) => {
                let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                if path.is_empty() {
                    return Err("the root is empty");
                }
                found.push(Leaf { path: below(&path, Some(&name)), text: String::new() });
                is_leaf = false;
            }
            Event::Text(part) => current.plain(&part.decode().map_err(|_| "the text is not UTF-8")?),
            Event::CData(part) => current.verbatim(&part.decode().map_err(|_| "the text is not UTF-8")?),
            Event::GeneralRef(part) => {
                let character = character(&part.decode().map_err(|_| "a bad reference")?)?;
                current.verbatim(character.encode_utf8(&mut [0; 4]));
            }
            Event::End(_) => {
                if is_leaf && path.len() > 1 {
                    found.push(Leaf { path: below(&path, None), text: current.take() });
                }
                is_leaf = false;
                path.pop();
                closed = path.is_empty();
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::DocType(_) | Event::PI(_) => return Err("a DTD or instruction is not allowed"),
        }
    }
}

fn below(path: &[String], last: Option<&str>) -> String {
    path[1..].iter().map(String::as_str).chain(last).collect::<Vec<_>>().join("/")
}

fn character(name: &str) -> Result<char, &'static str> {
    match name {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        number => {
            let digits = number.strip_prefix('#').ok_or("an entity of its own is not allowed")?;
            let code = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            code.ok().and_then(char::from_u32).ok_or("a bad character reference")
        }
    }
}

/// Reads a one-level document into a map; a field twice, or a field inside a field, is refused.
pub(crate) fn flat(bytes: &[u8]) -> Result<BTreeMap<String, String>, &'static str> {
    let mut map = BTreeMap::new();
    for leaf in leaves(bytes)? {
        if leaf.path.contains('/') {
            return Err("a field inside a field is not allowed");
        }
        if map.insert(leaf.path, leaf.text).is_some() {
            return Err("a field stands twice");
        }
    }
    Ok(map)
}

/// Text as CDATA; a `]]>` inside is split over two sections.
pub(crate) fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

/// An answer in the given order, every value as CDATA; names below `hblist/` form its one entry.
pub(crate) fn answer(fields: &[(&str, String)]) -> String {
    let (mut out, mut received) = (String::from("<xml>\n"), String::new());
    for (name, value) in fields {
        match name.strip_prefix("hblist/") {
            Some(inner) => received.push_str(&format!("<{inner}>{}</{inner}>\n", cdata(value))),
            None => out.push_str(&format!("<{name}>{}</{name}>\n", cdata(value))),
        }
    }
    if !received.is_empty() {
        out.push_str(&format!("<hblist>\n<hbinfo>\n{received}</hbinfo>\n</hblist>\n"));
    }
    out.push_str("</xml>");
    out
}

/// Text for an HTML page.
pub(crate) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_and_flat_fields_are_read_with_cdata_and_references() {
        let read = leaves(b"<xml><A><![CDATA[1<2]]></A><B><item><U>x&amp;y&#33;</U></item></B><C/></xml>").unwrap();
        let pairs: Vec<_> = read.iter().map(|leaf| (leaf.path.as_str(), leaf.text.as_str())).collect();
        assert_eq!(pairs, [("A", "1<2"), ("B/item/U", "x&y!"), ("C", "")]);
    }

    #[test]
    fn a_dtd_an_entity_and_a_double_field_are_refused() {
        assert!(leaves(b"<!DOCTYPE xml [<!ENTITY e 'x'>]><xml><A>&e;</A></xml>").is_err());
        assert!(leaves(b"<xml><A>&nope;</A></xml>").is_err());
        assert!(flat(b"<xml><A>1</A><A>2</A></xml>").is_err());
        assert!(flat(b"<xml><A>1</A>").is_err());
        assert!(flat(b"").is_err());
    }

    #[test]
    fn white_space_is_trimmed_around_plain_text_and_kept_in_cdata() {
        let read =
            flat(b"<xml>\n<A> 1 </A><B>\n<![CDATA[ 2 ]]>\n</B><C> <![CDATA[ ]]></C><D> x&#32;</D></xml>").unwrap();
        assert_eq!((read["A"].as_str(), read["B"].as_str(), read["C"].as_str()), ("1", " 2 ", " "));
        assert_eq!(read["D"], "x ");
    }

    #[test]
    fn cdata_ends_are_split() {
        let read = flat(format!("<xml><A>{}</A></xml>", cdata("a]]>b")).as_bytes()).unwrap();
        assert_eq!(read["A"], "a]]>b");
    }
}
