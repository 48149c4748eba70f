//! Reads a request of the host, which is JSON. Each field is taken out by name, so that an error names the field.

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::{CONTRACT_VERSION, Error};

/// Returns the fields of any request. The version is checked first: a request of another version fails for that
/// reason, not for an odd field.
pub(crate) fn parse(bytes: &[u8]) -> Result<Map<String, Value>, Error> {
    let value: Value = serde_json::from_slice(bytes).map_err(Error::Json)?;
    let Value::Object(fields) = value else { return Err(Error::field("the request", "an object")) };
    match fields.get("version").and_then(Value::as_u64) {
        Some(CONTRACT_VERSION) => Ok(fields),
        Some(found) => Err(Error::Version { found, known: CONTRACT_VERSION }),
        None => Err(Error::field("`version`", "a number")),
    }
}

/// Reads the fields of a request with `read`. The first odd field is the error.
pub(crate) fn read<T>(fields: Map<String, Value>, read: impl FnOnce(Fields) -> T) -> Result<T, Error> {
    let odd = RefCell::new(None);
    let read = read(Fields { fields, odd: &odd });
    odd.into_inner().map_or(Ok(read), Err)
}

/// The fields of an object. An odd field is recorded and reads as missing, so that the code of each reader stays small.
pub(crate) struct Fields<'a> {
    fields: Map<String, Value>,
    odd: &'a RefCell<Option<Error>>,
}

impl Fields<'_> {
    fn is_odd(&self, field: &str, expected: &'static str) {
        self.odd.borrow_mut().get_or_insert_with(|| Error::field(field, expected));
    }

    /// Takes a field that may be missing or null.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    /// A string that may be missing or null.
    pub(crate) fn optional_string(&mut self, name: &str) -> Option<String> {
        if let Value::String(text) = self.take(name)? {
            return Some(text);
        }
        self.is_odd(&format!("`{name}`"), "a string");
        None
    }

    /// A string. Missing or null means empty.
    pub(crate) fn text(&mut self, name: &str) -> String {
        self.optional_string(name).unwrap_or_default()
    }

    /// A string that must be there.
    pub(crate) fn string(&mut self, name: &str) -> String {
        let text = self.optional_string(name);
        if text.is_none() {
            self.is_odd(&format!("`{name}`"), "a string");
        }
        text.unwrap_or_default()
    }

    /// One of several words, which may be missing or null. `expected` lists them for the error.
    pub(crate) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)], expected: &'static str) -> Option<T> {
        let text = self.optional_string(name)?;
        let word = words.iter().find(|(word, _)| *word == text);
        if word.is_none() {
            self.is_odd(&format!("`{name}`"), expected);
        }
        word.map(|(_, meaning)| *meaning)
    }

    /// One of several words that must be there.
    pub(crate) fn required_word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
        expected: &'static str,
    ) -> Option<T> {
        let word = self.word(name, words, expected);
        if word.is_none() {
            self.is_odd(&format!("`{name}`"), "a string");
        }
        word
    }

    /// A whole number that may be missing or null.
    pub(crate) fn optional_integer(&mut self, name: &str) -> Option<i64> {
        let number = self.take(name)?.as_i64();
        if number.is_none() {
            self.is_odd(&format!("`{name}`"), "a whole number");
        }
        number
    }

    /// A Boolean. Missing or null means false.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let value = self.take(name).unwrap_or(Value::Bool(false)).as_bool();
        if value.is_none() {
            self.is_odd(&format!("`{name}`"), "true or false");
        }
        value.unwrap_or_default()
    }

    /// An object of any shape. Missing or null means empty.
    pub(crate) fn any_object(&mut self, name: &str) -> Map<String, Value> {
        match self.take(name) {
            None => Map::new(),
            Some(Value::Object(object)) => object,
            Some(_) => {
                self.is_odd(&format!("`{name}`"), "an object");
                Map::new()
            }
        }
    }

    /// An object. Missing or null means empty.
    pub(crate) fn object(&mut self, name: &str) -> Self {
        Self { fields: self.any_object(name), odd: self.odd }
    }

    /// An object that may be missing or null.
    pub(crate) fn optional_object(&mut self, name: &str) -> Option<Self> {
        let is_there = self.fields.get(name).is_some_and(|value| !value.is_null());
        is_there.then(|| self.object(name))
    }

    /// An object whose values are all strings. Missing or null means empty.
    pub(crate) fn string_map(&mut self, name: &str) -> Map<String, Value> {
        let object = self.any_object(name);
        if let Some((key, _)) = object.iter().find(|(_, value)| !value.is_string()) {
            self.is_odd(&format!("`{name}.{key}`"), "a string");
        }
        object
    }

    /// A list that may be missing or null. Each entry must be what `entry` takes.
    fn list<T>(&mut self, name: &str, expected: &'static str, entry: impl FnMut(Value) -> Option<T>) -> Option<Vec<T>> {
        let entries: Option<Vec<T>> = match self.take(name)? {
            Value::Array(list) => list.into_iter().map(entry).collect(),
            _ => None,
        };
        if entries.is_none() {
            self.is_odd(&format!("`{name}`"), expected);
        }
        entries
    }

    /// A list of whole numbers that may be missing or null.
    pub(crate) fn integers(&mut self, name: &str) -> Option<Vec<i64>> {
        self.list(name, "a list of whole numbers", |value| value.as_i64())
    }

    /// A list of strings that may be missing or null.
    pub(crate) fn strings(&mut self, name: &str) -> Option<Vec<String>> {
        let string = |value| if let Value::String(text) = value { Some(text) } else { None };
        self.list(name, "a list of strings", string)
    }

    /// A list of objects that may be missing or null.
    pub(crate) fn objects(&mut self, name: &str) -> Option<Vec<Self>> {
        let odd = self.odd;
        let object = |value| if let Value::Object(fields) = value { Some(Fields { fields, odd }) } else { None };
        self.list(name, "a list of objects", object)
    }

    /// A value of any shape. Missing means null.
    pub(crate) fn any(&mut self, name: &str) -> Value {
        self.fields.remove(name).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_invalid_request_is_refused_by_the_name_of_the_field() {
        for (request, expected) in [
            ("", "reading the request as JSON: EOF"),
            ("[]", "the request is not an object"),
            ("{}", "`version` is not a number"),
            (r#"{"version":2,"event":["new"]}"#, "the request has version 2, this module speaks version 1"),
            (r#"{"version":1}"#, "`event` is not a string"),
            (r#"{"version":1,"event":"deploy"}"#, "`event` is not one of pipeline-started, pipeline-waiting"),
            (r#"{"version":1,"event":"pipeline-finished","ci":{"CI_JOB_ID":7}}"#, "`ci.CI_JOB_ID` is not a string"),
            (
                r#"{"version":1,"event":"pipeline-finished","failed_jobs":[7]}"#,
                "`failed_jobs` is not a list of objects",
            ),
            (r#"{"version":1,"event":"pipeline-finished","now":"noon"}"#, "`now` is not a whole number"),
            (r#"{"version":1,"event":"pipeline-finished","updates":1}"#, "`updates` is not true or false"),
            (r#"{"version":1,"event":"pipeline-finished","operators":"yes"}"#, "`operators` is not an object"),
            (r#"{"version":1,"event":"pipeline-finished","result":"ok"}"#, "`result` is not failed or success"),
            (r#"{"version":1,"format":"svg","messages":[]}"#, "`format` is not text or html"),
            (r#"{"version":1,"format":"text","messages":{}}"#, "`messages` is not a list of objects"),
        ] {
            let refused = crate::answer(request.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
