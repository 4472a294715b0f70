//! The XML of WeChat Pay v2: one level of fields below `<xml>`, to and from a map.
//! It refuses DTDs, and a field that stands there twice where it is read or signed: nobody could say which one counts.

use crate::xml::{self, Element, XmlError, cdata};
use std::collections::BTreeMap;

/// Writes the fields in order of their names, each as CDATA.
pub fn write(fields: &BTreeMap<String, String>) -> String {
    let inner: String = fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", cdata(value))).collect();
    format!("<xml>{inner}</xml>")
}

/// Reads every field, for a document whose signature covers them all; elements with elements inside are left out.
///
/// # Errors
/// [`XmlError`]: the document is refused, or a field stands there twice.
pub fn parse(bytes: &[u8]) -> Result<BTreeMap<String, String>, XmlError> {
    let root = xml::read(bytes)?;
    let mut fields = BTreeMap::new();
    for child in root.children.iter().filter(|c| c.children.is_empty()) {
        let before = fields.insert(child.name.clone(), child.text.clone());
        if before.is_some() {
            return Err(XmlError::Duplicate(child.name.clone()));
        }
    }
    Ok(fields)
}

/// The fields of these names that say something, blanks around them removed. What else an answer holds, even twice,
/// is nobody's business: WeChat adds fields as it likes.
///
/// # Errors
/// [`XmlError::Duplicate`] when one of these stands there twice.
pub(crate) fn only(root: &Element, names: &[&str]) -> Result<BTreeMap<String, String>, XmlError> {
    let mut fields = BTreeMap::new();
    for name in names {
        if let Some(text) = root.word(name)?.filter(|text| !text.is_empty()) {
            fields.insert((*name).to_owned(), text);
        }
    }
    Ok(fields)
}
