//! For `#[serde(with = "nn::as_json")]`: a value inside a message as a text of JSON, whatever the message's own format. Networks
//! and options are written by hand in JSON, tags, defaults and all, and that is read in one way only.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes the text.
///
/// # Errors
/// Where the value has a map with keys that are no strings, or `serializer` fails.
pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&serde_json::to_string(value).map_err(S::Error::custom)?)
}

/// Reads the text.
///
/// # Errors
/// Where it is not JSON or not such a value, or `deserializer` fails.
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}
