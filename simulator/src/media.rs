//! Temporary files of an account: uploaded, told by their id, gone after three days.
//! It refuses to fill the memory: beyond a limit the oldest files go first, and none is saved over a restart.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State as Shared};
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use axum::routing::{any, get};
use serde_json::{Value, json};

use crate::answer::{Answer, ApiError, JSON, api, need, query, under_faults};
use crate::clock::DAY_MS;
use crate::config::Account;
use crate::faults::On;
use crate::follower::verified;
use crate::sim::Sim;
use crate::tokens::{by_token, with_token};

/// Largest file, and all files of this world together.
const FILE_MAX: usize = 10 * 1024 * 1024;
const ALL_MAX: usize = 64 * 1024 * 1024;
/// A file lives three days.
const LIFE_MS: i64 = 3 * DAY_MS;

/// One file.
struct File {
    id: String,
    appid: String,
    kind: &'static str,
    bytes: Bytes,
    made_ms: i64,
}

/// All files, oldest first.
#[derive(Default)]
pub(crate) struct Media {
    files: VecDeque<File>,
}

impl Media {
    fn add(&mut self, file: File) {
        self.files.retain(|old| file.made_ms - old.made_ms < LIFE_MS);
        self.files.push_back(file);
        while self.files.iter().map(|file| file.bytes.len()).sum::<usize>() > ALL_MAX {
            self.files.pop_front();
        }
    }

    fn find(&self, appid: &str, id: &str, now_ms: i64) -> Option<(&'static str, Bytes)> {
        let alive = |file: &&File| file.id == id && file.appid == appid && now_ms - file.made_ms < LIFE_MS;
        self.files.iter().find(alive).map(|file| (file.kind, file.bytes.clone()))
    }
}

/// All calls of this file.
pub(crate) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/cgi-bin/media/upload", any(upload).layer(DefaultBodyLimit::max(FILE_MAX + 64 * 1024)))
        .route("/cgi-bin/media/get", get(download))
}

fn place(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The file of a form, whose field is called `media`.
fn field(headers: &HeaderMap, body: &Bytes) -> Option<Bytes> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let boundary = kind.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?.trim_matches('"');
    let (first, next) = (format!("--{boundary}\r\n"), format!("\r\n--{boundary}"));
    let mut at = place(body, first.as_bytes())? + first.len();
    loop {
        let head = place(&body[at..], b"\r\n\r\n")?;
        let start = at + head + 4;
        let end = start + place(&body[start..], next.as_bytes())?;
        let names = String::from_utf8_lossy(&body[at..at + head]);
        if names.contains("name=\"media\"") || names.contains("name=media") {
            return Some(body.slice(start..end));
        }
        at = (end + next.len() + 2).min(body.len());
    }
}

/// What a file is by its first bytes, if the type that was asked for allows it.
fn kind_of(wanted: &str, bytes: &[u8]) -> Result<&'static str, ApiError> {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    match wanted {
        "image" | "thumb" if begins(b"\xff\xd8\xff") => Ok("image/jpeg"),
        "image" if begins(b"\x89PNG") => Ok("image/png"),
        "image" if begins(b"GIF8") => Ok("image/gif"),
        "image" if begins(b"BM") => Ok("image/bmp"),
        "voice" if begins(b"#!AMR") => Ok("audio/amr"),
        "voice" if begins(b"ID3") || begins(b"\xff\xfb") => Ok("audio/mpeg"),
        "video" if bytes.get(4..8) == Some(b"ftyp") => Ok("video/mp4"),
        "image" | "thumb" | "voice" | "video" => Err(ApiError(40005, "invalid file type")),
        _ => Err(ApiError(40004, "invalid media type")),
    }
}

/// `POST /cgi-bin/media/upload`, a form with the file in its field `media`.
/// <https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia>
async fn upload(
    Shared(sim): Shared<Arc<Sim>>,
    method: Method,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
    body: Bytes,
) -> Response {
    let work = |account: &Account, query: &BTreeMap<String, String>| -> Result<Value, ApiError> {
        verified(account)?;
        if method != Method::POST {
            return Err(ApiError(43002, "require POST method"));
        }
        let wanted = need(query, "type", ApiError(40004, "invalid media type"))?;
        let bytes = field(&headers, &body).filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or(ApiError(41005, "media data missing"))?;
        if bytes.len() > FILE_MAX {
            return Err(ApiError(45001, "media size out of limit"));
        }
        let kind = kind_of(wanted, &bytes)?;
        let (id, made_ms) = (sim.word(64), sim.now_ms());
        let file = File { id: id.clone(), appid: account.appid.clone(), kind, bytes, made_ms };
        sim.media.lock().expect("no thread panics while it holds the files").add(file);
        let name = if wanted == "thumb" { "thumb_media_id" } else { "media_id" };
        Ok(json!({ "type": wanted, name: id, "created_at": made_ms / 1000 }))
    };
    with_token(&sim, raw.as_deref(), work).await
}

/// `GET /cgi-bin/media/get`: the file itself, or an error in JSON.
/// <https://developers.weixin.qq.com/doc/service/api/material/temporary/api_getmedia>
async fn download(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    let query = query(raw.as_deref());
    let find = || {
        let account = verified(by_token(&sim, &query)?)?;
        let id = need(&query, "media_id", ApiError(40007, "invalid media_id"))?;
        let media = sim.media.lock().expect("no thread panics while it holds the files");
        media.find(&account.appid, id, sim.now_ms()).ok_or(ApiError(40007, "invalid media_id"))
    };
    let work = || match find() {
        Ok((kind, bytes)) => Answer::ok(kind, bytes),
        Err(error) => api::<()>(&sim, JSON, Err(error)),
    };
    under_faults(&sim, On::Api, JSON, work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_files_go_when_the_memory_is_full() {
        let file = |id: usize, made_ms| File {
            id: id.to_string(),
            appid: "wx".into(),
            kind: "image/png",
            bytes: Bytes::from(vec![0; FILE_MAX]),
            made_ms,
        };
        let mut media = Media::default();
        for id in 0..8 {
            media.add(file(id, 0));
        }
        assert_eq!(media.files.len(), ALL_MAX / FILE_MAX);
        assert!(media.find("wx", "1", 0).is_none() && media.find("wx", "7", 0).is_some());
        assert!(media.find("other", "7", 0).is_none() && media.find("wx", "7", LIFE_MS).is_none());
        media.add(file(9, LIFE_MS));
        assert_eq!(media.files.len(), 1);
    }

    #[test]
    fn the_file_is_found_between_other_fields() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; \
                    name=\"media\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\r\nabc\r\n\r\n--b--\r\n";
        let headers =
            |kind: &'static str| HeaderMap::from_iter([(header::CONTENT_TYPE, header::HeaderValue::from_static(kind))]);
        let body = Bytes::from(body);
        let form = headers("multipart/form-data; boundary=\"b\"");
        assert_eq!(field(&form, &body).as_deref(), Some(b"\r\nabc\r\n".as_slice()));
        assert_eq!(field(&form, &body.slice(..90)), None);
        assert_eq!(field(&headers("text/plain"), &body), None);
    }
}
