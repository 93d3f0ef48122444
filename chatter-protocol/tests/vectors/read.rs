//! Fields of a vector file. Whatever is missing or of another kind is named.

use serde_json::Value;

/// A file, or a part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector<'a>(pub(crate) &'a Value);

/// The whole of a file.
pub(crate) fn file(text: &str) -> Value {
    serde_json::from_str(text).expect("the vectors are JSON")
}

impl<'a> Vector<'a> {
    /// The part of this name.
    pub(crate) fn at(self, name: &str) -> Vector<'a> {
        Vector(self.0.get(name).unwrap_or_else(|| panic!("{name} is missing in {}", self.0)))
    }

    /// The parts of the list of this name; never none.
    pub(crate) fn list(self, name: &str) -> Vec<Vector<'a>> {
        let list = self.at(name).0.as_array().unwrap_or_else(|| panic!("{name} is no list"));
        assert!(!list.is_empty(), "{name} is empty");
        list.iter().map(Vector).collect()
    }

    /// The text of this name.
    pub(crate) fn text(self, name: &str) -> &'a str {
        self.at(name).0.as_str().unwrap_or_else(|| panic!("{name} is no text in {}", self.0))
    }

    /// The text of this name, where there is one.
    pub(crate) fn text_if(self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The bytes of this name.
    pub(crate) fn bytes(self, name: &str) -> Vec<u8> {
        unhex(self.text(name))
    }

    /// The bytes of this name, where there are some.
    pub(crate) fn bytes_if(self, name: &str) -> Option<Vec<u8>> {
        self.text_if(name).map(unhex)
    }

    /// The so many bytes of this name.
    pub(crate) fn array<const N: usize>(self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap_or_else(|_| panic!("{name} has not {N} bytes"))
    }

    /// The number of this name, whatever its size here.
    pub(crate) fn number<T: TryFrom<u64>>(self, name: &str) -> T {
        let number = self.at(name).0.as_u64().and_then(|number| T::try_from(number).ok());
        number.unwrap_or_else(|| panic!("{name} is no such number"))
    }

    /// The yes or no of this name.
    pub(crate) fn flag(self, name: &str) -> bool {
        self.at(name).0.as_bool().unwrap_or_else(|| panic!("{name} is no yes or no"))
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(digit).collect()
}
