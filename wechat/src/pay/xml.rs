//! The XML of WeChat Pay v2: one level of fields below `<xml>`, to and from a map.
//! It refuses DTDs, and a field that stands there twice: nobody could say which of the two was signed.

use crate::xml::{self, Element, XmlError, cdata};
use std::collections::BTreeMap;

/// Writes the fields in order of their names, each as CDATA.
pub fn write(fields: &BTreeMap<String, String>) -> String {
    let inner: String = fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", cdata(value))).collect();
    format!("<xml>{inner}</xml>")
}

/// Reads the fields; elements with elements inside are left out.
///
/// # Errors
/// [`XmlError`]: the document is refused, or a field stands there twice.
pub fn parse(bytes: &[u8]) -> Result<BTreeMap<String, String>, XmlError> {
    fields(&xml::read(bytes)?)
}

pub(crate) fn fields(root: &Element) -> Result<BTreeMap<String, String>, XmlError> {
    let mut fields = BTreeMap::new();
    for child in root.children.iter().filter(|c| c.children.is_empty()) {
        let before = fields.insert(child.name.clone(), child.text.clone());
        if before.is_some() {
            return Err(XmlError::Duplicate(child.name.clone()));
        }
    }
    Ok(fields)
}
