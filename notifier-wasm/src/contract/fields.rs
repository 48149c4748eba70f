//! Reads a request of the host, which is JSON. Each field is taken out by name, so that an error names the field.

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

/// A string that must be there.
pub(crate) fn string(fields: &mut Map<String, Value>, name: &str) -> Result<String, Error> {
    optional_string(fields, name)?.ok_or_else(|| Error::field(format!("`{name}`"), "a string"))
}

/// A string that may be missing or null.
pub(crate) fn optional_string(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::field(format!("`{name}`"), "a string")),
    }
}

/// A whole number that may be missing or null.
pub(crate) fn optional_integer(fields: &mut Map<String, Value>, name: &str) -> Result<Option<i64>, Error> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| Error::field(format!("`{name}`"), "a whole number")),
    }
}

/// A Boolean. Missing or null means false.
pub(crate) fn flag(fields: &mut Map<String, Value>, name: &str) -> Result<bool, Error> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(value),
        Some(_) => Err(Error::field(format!("`{name}`"), "true or false")),
    }
}

/// An object. Missing or null means empty.
pub(crate) fn object(fields: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Error> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(Error::field(format!("`{name}`"), "an object")),
    }
}

/// An object that may be missing or null.
pub(crate) fn optional_object(
    fields: &mut Map<String, Value>,
    name: &str,
) -> Result<Option<Map<String, Value>>, Error> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => object(fields, name).map(Some),
    }
}

/// A list of whole numbers that may be missing or null.
pub(crate) fn integers(fields: &mut Map<String, Value>, name: &str) -> Result<Option<Vec<i64>>, Error> {
    let odd = || Error::field(format!("`{name}`"), "a list of whole numbers");
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => {
            list.iter().map(|it| it.as_i64().ok_or_else(odd)).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(odd()),
    }
}

/// A list of strings. Missing or null means empty.
pub(crate) fn string_list(fields: &mut Map<String, Value>, name: &str) -> Result<Vec<String>, Error> {
    let odd = || Error::field(format!("`{name}`"), "a list of strings");
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => list.into_iter().map(|it| it.as_str().map(str::to_owned).ok_or_else(odd)).collect(),
        Some(_) => Err(odd()),
    }
}

/// Reads an object whose values are all strings. Missing or null means empty.
pub(crate) fn string_map(fields: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Error> {
    let object = object(fields, name)?;
    match object.iter().find(|(_, value)| !value.is_string()) {
        None => Ok(object),
        Some((key, _)) => Err(Error::field(format!("`{name}.{key}`"), "a string")),
    }
}

/// A list of objects that may be missing or null.
pub(crate) fn objects(fields: &mut Map<String, Value>, name: &str) -> Result<Option<Vec<Map<String, Value>>>, Error> {
    let not_a_list = || Error::field(format!("`{name}`"), "a list of objects");
    let list = match fields.remove(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(not_a_list()),
    };
    let mut objects = Vec::with_capacity(list.len());
    for value in list {
        let Value::Object(object) = value else { return Err(not_a_list()) };
        objects.push(object);
    }
    Ok(Some(objects))
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
            (r#"{"version":1,"event":"deploy"}"#, "`event` is not one of pipeline-started, deploy-started"),
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
