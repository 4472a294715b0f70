//! A small strict reader for the XML that WeChat sends, and the writer of CDATA.
//! It refuses DTDs, entity declarations, unknown entities, processing instructions, and anything too deep or too long.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// The longest document that is read, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The deepest nesting that is read, the root counted.
pub const MAX_DEPTH: usize = 12;
/// The most elements that are read.
pub const MAX_ELEMENTS: usize = 4096;

/// Why a document was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Longer than the reader reads.
    #[error("the XML is too long")]
    TooLong,
    /// Nested deeper than the reader follows.
    #[error("the XML is nested too deeply")]
    TooDeep,
    /// Not UTF-8, or characters that XML does not know.
    #[error("the XML is not UTF-8 text")]
    NotText,
    /// A DTD, an entity of its own, or a processing instruction.
    #[error("the XML holds {0}, which is forbidden")]
    Forbidden(&'static str),
    /// Tags that do not fit together, or the document ends early.
    #[error("the XML is malformed")]
    Malformed,
    /// The root is not `<xml>`.
    #[error("the root of the XML is not <xml>")]
    Root,
    /// A field that must be there is not.
    #[error("the XML has no {0}")]
    Missing(&'static str),
    /// A field stands there twice.
    #[error("the XML has {0} twice")]
    Duplicate(String),
    /// A number is not one.
    #[error("{0} is not a number")]
    NotANumber(&'static str),
}

/// One element: its own text (CDATA and plain text alike, joined) and its children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// The tag's name.
    pub name: String,
    /// All character data directly inside.
    pub text: String,
    /// The elements directly inside, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// The only child of that name, if there is one.
    ///
    /// # Errors
    /// [`XmlError::Duplicate`] when there are several.
    pub fn only(&self, name: &str) -> Result<Option<&Element>, XmlError> {
        let mut found = self.children.iter().filter(|child| child.name == name);
        let first = found.next();
        match found.next() {
            Some(_) => Err(XmlError::Duplicate(name.to_owned())),
            None => Ok(first),
        }
    }

    /// The text of the only child of that name, blanks around it removed.
    ///
    /// # Errors
    /// [`XmlError::Duplicate`] when there are several.
    pub fn word(&self, name: &str) -> Result<Option<String>, XmlError> {
        Ok(self.only(name)?.map(|child| child.text.trim().to_owned()))
    }
}

/// Reads one document whose root must be `<xml>`. Attributes are not looked at.
///
/// # Errors
/// Whatever the document is refused for.
pub fn read(bytes: &[u8]) -> Result<Element, XmlError> {
    if bytes.len() > MAX_BYTES {
        return Err(XmlError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.chars().all(is_xml_char) {
        return Err(XmlError::NotText);
    }
    // XML 1.0 §2.11: line ends are normalised before anything is read.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let root = Tree::default().grow(&text)?;
    if root.name == "xml" { Ok(root) } else { Err(XmlError::Root) }
}

#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn grow(mut self, text: &str) -> Result<Element, XmlError> {
        let mut reader = Reader::from_str(text);
        let mut first = true;
        loop {
            let event = reader.read_event().map_err(|_| XmlError::Malformed)?;
            match event {
                Event::Start(tag) => self.start(name_of(tag.name().as_ref())?)?,
                Event::Empty(tag) => {
                    self.start(name_of(tag.name().as_ref())?)?;
                    self.end()?;
                }
                Event::End(_) => self.end()?,
                Event::Text(text) => self.characters(&text.decode().map_err(|_| XmlError::NotText)?)?,
                Event::CData(text) => {
                    if self.open.is_empty() {
                        return Err(XmlError::Malformed);
                    }
                    self.characters(&text.decode().map_err(|_| XmlError::NotText)?)?;
                }
                Event::GeneralRef(reference) => self.characters(&resolve(&reference)?)?,
                Event::Comment(_) => {}
                Event::Decl(_) if first => {}
                Event::Decl(_) | Event::PI(_) => {
                    return Err(XmlError::Forbidden("a processing instruction"));
                }
                Event::DocType(_) => return Err(XmlError::Forbidden("a DTD")),
                Event::Eof => break,
            }
            first = false;
        }
        if self.open.is_empty() { self.root.ok_or(XmlError::Malformed) } else { Err(XmlError::Malformed) }
    }

    fn start(&mut self, name: String) -> Result<(), XmlError> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(XmlError::TooLong);
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(XmlError::TooDeep);
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(XmlError::Malformed);
        }
        self.open.push(Element { name, ..Element::default() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), XmlError> {
        let closed = self.open.pop().ok_or(XmlError::Malformed)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => self.root = Some(closed),
        }
        Ok(())
    }

    fn characters(&mut self, text: &str) -> Result<(), XmlError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(XmlError::Malformed),
        }
        Ok(())
    }
}

fn name_of(name: &[u8]) -> Result<String, XmlError> {
    let name = std::str::from_utf8(name).map_err(|_| XmlError::NotText)?;
    let sane = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'));
    if sane { Ok(name.to_owned()) } else { Err(XmlError::Malformed) }
}

/// The five predefined entities and numeric references; every other name is refused.
fn resolve(reference: &BytesRef<'_>) -> Result<String, XmlError> {
    let number = reference.resolve_char_ref().map_err(|_| XmlError::Malformed)?;
    if let Some(c) = number {
        return if is_xml_char(c) { Ok(c.to_string()) } else { Err(XmlError::NotText) };
    }
    let name = reference.decode().map_err(|_| XmlError::NotText)?;
    quick_xml::escape::resolve_predefined_entity(&name)
        .map(str::to_owned)
        .ok_or(XmlError::Forbidden("an entity of its own"))
}

/// Characters that XML 1.0 allows (§2.2).
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// `text` as CDATA: a `]]>` inside is split over two sections, characters that XML does not know are dropped.
pub fn cdata(text: &str) -> String {
    let text: String = text.chars().filter(|c| is_xml_char(*c)).collect();
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}
