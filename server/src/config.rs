//! Settings: `lingbao.toml`, each overridden by an environment variable `LINGBAO__SECTION__KEY`.
//! Refuses what is wrong or unknown at start, with one sentence that names the setting.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use url::Url;

/// All settings, checked.
#[derive(Clone)]
pub struct Config {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Where WeChat and staff reach it, without a trailing slash.
    pub public_url: String,
    /// Where followers reach it.
    pub entry_url: String,
    /// If set, the only address that serves `/admin`.
    pub admin_url: Option<String>,
    /// Who may set X-Forwarded-For.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where Prometheus reads; never public.
    pub metrics_listen: SocketAddr,
    /// The folder with `pkg` (the dashboard's WASM).
    pub site_dir: String,
    /// The database.
    pub database_url: String,
    /// The master key in hex, if it is not to be kept in the data folder.
    pub master_key: Option<[u8; 32]>,
    /// WeChat's hosts.
    pub wechat: wechat::http::Hosts,
    /// The only root that payment connections trust, if set.
    pub pay_ca_file: Option<String>,
    /// This server's public IPv4.
    pub client_ip: String,
    /// The simulator's clock, if followed.
    pub clock_url: Option<Url>,
    /// How long callers may take, and how many there may be.
    pub limits: crate::serving::Limits,
    /// Where chat robots are called instead of their own hosts, for tests; without a trailing slash.
    pub robots_url: Option<String>,
}

const DEFAULTS: &[(&str, &str)] = &[
    ("server.listen", "127.0.0.1:3000"),
    ("server.public_url", "http://127.0.0.1:3000"),
    ("server.trusted_proxies", "127.0.0.1,::1"),
    ("server.link_url", ""),
    ("server.admin_url", ""),
    ("server.metrics_listen", "127.0.0.1:3009"),
    ("server.site_dir", "public"),
    ("database.url", "sqlite://data/lingbao.db"),
    ("secrets.master_key", ""),
    ("wechat.api_url", "https://api.weixin.qq.com"),
    ("wechat.open_url", "https://open.weixin.qq.com"),
    ("wechat.mp_url", "https://mp.weixin.qq.com"),
    ("wechat.pay_url", "https://api.mch.weixin.qq.com"),
    ("wechat.js_url", "https://res.wx.qq.com"),
    ("wechat.pay_ca_file", ""),
    ("pay.client_ip", "127.0.0.1"),
    ("dev.clock_url", ""),
    ("dev.robots_url", ""),
    // Region rules read it; without such a rule nothing does.
    ("region.ip_data", "data/ip2region.xdb"),
];

/// One sentence: which setting is wrong, and what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongSetting(pub String);

fn wrong<T>(name: &str, should: &str) -> Result<T, WrongSetting> {
    let variable = format!("LINGBAO__{}", name.to_uppercase().replace('.', "__"));
    Err(WrongSetting(format!("the setting {name} ({variable}) {should}")))
}

/// Raw settings by `section.key`.
pub type Raw = BTreeMap<String, String>;

/// Reads the file's text (if any) and the environment into raw settings. Errors: unknown settings, broken TOML.
pub fn gather(file: Option<&str>, environment: impl Iterator<Item = (String, String)>) -> Result<Raw, WrongSetting> {
    let mut raw: Raw = DEFAULTS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    if let Some(text) = file {
        let table: toml::Table = text
            .parse()
            .map_err(|e: toml::de::Error| WrongSetting(format!("lingbao.toml cannot be read: {}", e.message())))?;
        for (section, keys) in table {
            let toml::Value::Table(keys) = keys else {
                return Err(WrongSetting(format!("lingbao.toml: {section} must be a section like [{section}]")));
            };
            for (key, value) in keys {
                set(&mut raw, &format!("{section}.{key}"), plain(&value))?;
            }
        }
    }
    for (variable, value) in environment {
        if let Some(name) = variable.strip_prefix("LINGBAO__") {
            set(&mut raw, &name.to_lowercase().replacen("__", ".", 1), value)?;
        }
    }
    Ok(raw)
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn set(raw: &mut Raw, name: &str, value: String) -> Result<(), WrongSetting> {
    match raw.get_mut(name) {
        Some(slot) => {
            *slot = value.trim().to_owned();
            Ok(())
        }
        None => Err(WrongSetting(format!("there is no setting {name}; see the README for the list"))),
    }
}

impl Config {
    /// Checks raw settings. Errors: the first that is wrong, by name.
    pub fn check(raw: &Raw) -> Result<Self, WrongSetting> {
        let get = |name: &str| raw.get(name).map_or("", String::as_str);
        let public_url = base_url("server.public_url", get("server.public_url"))?;
        let optional_base = |name| {
            let text = get(name);
            if text.is_empty() { Ok(None) } else { base_url(name, text).map(Some) }
        };
        let wechat = wechat::http::Hosts {
            api: any_url("wechat.api_url", get("wechat.api_url"))?,
            open: any_url("wechat.open_url", get("wechat.open_url"))?,
            mp: any_url("wechat.mp_url", get("wechat.mp_url"))?,
            pay: any_url("wechat.pay_url", get("wechat.pay_url"))?,
            js: any_url("wechat.js_url", get("wechat.js_url"))?,
        };
        let clock_url = simulators("dev.clock_url", get("dev.clock_url"), &wechat)?;
        let robots_url = simulators("dev.robots_url", get("dev.robots_url"), &wechat)?;
        let database_url = get("database.url").to_owned();
        if !["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| database_url.starts_with(scheme)) {
            return wrong("database.url", "must begin with sqlite:// or postgres://");
        }
        let client_ip = client_ip(get("pay.client_ip"), &wechat.pay, &public_url)?;
        Ok(Self {
            listen: address("server.listen", get("server.listen"))?,
            entry_url: optional_base("server.link_url")?.unwrap_or_else(|| public_url.clone()),
            admin_url: optional_base("server.admin_url")?,
            public_url,
            trusted_proxies: proxies(get("server.trusted_proxies"))?,
            metrics_listen: address("server.metrics_listen", get("server.metrics_listen"))?,
            site_dir: get("server.site_dir").to_owned(),
            database_url,
            master_key: master_key(get("secrets.master_key"))?,
            wechat,
            pay_ca_file: Some(get("wechat.pay_ca_file").to_owned()).filter(|file| !file.is_empty()),
            client_ip,
            clock_url,
            limits: crate::serving::Limits::default(),
            robots_url: robots_url.map(|url| url.as_str().trim_end_matches('/').to_owned()),
        })
    }

    /// True when followers' cookies may travel over https only.
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The SQLite file, if the database is one.
    pub fn sqlite_file(&self) -> Option<&str> {
        self.database_url.strip_prefix("sqlite://").map(|rest| rest.split('?').next().unwrap_or(rest))
    }
}

fn address(name: &str, text: &str) -> Result<SocketAddr, WrongSetting> {
    text.parse().or_else(|_| wrong(name, "must be an address and a port, such as 127.0.0.1:3000"))
}

fn any_url(name: &str, text: &str) -> Result<Url, WrongSetting> {
    match text.parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => wrong(name, "must be an address that begins with https:// (or http:// for tests)"),
    }
}

/// An address without path, query and trailing slash.
fn base_url(name: &str, text: &str) -> Result<String, WrongSetting> {
    let url = any_url(name, text)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return wrong(name, "must be scheme and host only, such as https://lingbao.example");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn proxies(text: &str) -> Result<Vec<IpAddr>, WrongSetting> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse().or_else(|_| wrong("server.trusted_proxies", "must list IP addresses, separated by commas"))
        })
        .collect()
}

fn master_key(text: &str) -> Result<Option<[u8; 32]>, WrongSetting> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut key = [0; 32];
    match hex::decode_to_slice(text, &mut key) {
        Ok(()) => Ok(Some(key)),
        Err(_) => wrong("secrets.master_key", "must be 64 hexadecimal digits (32 bytes)"),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The address that every payment names. A server that others can reach and that pays by the real WeChat must name its
/// own; one on this machine only is being looked at.
fn client_ip(text: &str, pay: &Url, public_url: &str) -> Result<String, WrongSetting> {
    let Ok(ip) = text.parse::<Ipv4Addr>() else {
        return wrong("pay.client_ip", "must be this server's public IPv4 address, such as 203.0.113.7");
    };
    let in_use = !is_loopback(pay) && !public_url.parse().is_ok_and(|url| is_loopback(&url));
    let public = !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified());
    if in_use && !public {
        return wrong(
            "pay.client_ip",
            &format!("must be this server's public IPv4 address: payments to {} would name {ip}", pay.as_str()),
        );
    }
    Ok(ip.to_string())
}

/// Another clock makes every time limit worthless, and another host for robots gives their secrets away: only the
/// simulator may set these.
fn simulators(name: &str, text: &str, hosts: &wechat::http::Hosts) -> Result<Option<Url>, WrongSetting> {
    if text.is_empty() {
        return Ok(None);
    }
    let url = any_url(name, text)?;
    let all = [&url, &hosts.api, &hosts.open, &hosts.mp, &hosts.pay, &hosts.js];
    if all.into_iter().all(is_loopback) {
        Ok(Some(url))
    } else {
        wrong(name, "is for the simulator only: every WeChat address must be on this machine (127.0.0.1)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Config, WrongSetting> {
        let variable = format!("LINGBAO__{}", name.to_uppercase().replace('.', "__"));
        Config::check(&gather(None, [(variable, value.to_owned())].into_iter())?)
    }

    #[test]
    fn the_defaults_are_right() {
        let config = Config::check(&gather(None, std::iter::empty()).unwrap()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.entry_url, "http://127.0.0.1:3000");
        assert!(!config.is_secure());
        assert_eq!(config.sqlite_file(), Some("data/lingbao.db"));
    }

    #[test]
    fn each_wrong_setting_has_its_own_sentence() {
        for (name, value) in [
            ("server.listen", "3000"),
            ("server.public_url", "lingbao.example"),
            ("server.public_url", "https://lingbao.example/path"),
            ("server.trusted_proxies", "the-proxy"),
            ("server.metrics_listen", ""),
            ("server.link_url", "ftp://x.example"),
            ("server.admin_url", "x"),
            ("database.url", "mysql://x"),
            ("secrets.master_key", "abc"),
            ("wechat.api_url", ""),
            ("wechat.pay_url", "api.mch.weixin.qq.com"),
            ("pay.client_ip", "::1"),
            ("dev.clock_url", "http://127.0.0.1:3100/_sim/clock"),
        ] {
            let Err(WrongSetting(sentence)) = with(name, value) else { panic!("{name}={value} was accepted") };
            assert!(sentence.contains(name), "{sentence}");
        }
    }

    #[test]
    fn a_file_is_read_and_the_environment_wins() {
        let file = "[server]\nlisten = \"127.0.0.1:4000\"\npublic_url = \"https://a.example\"\ntrusted_proxies = [\"10.0.0.1\", \"::1\"]\n[pay]\nclient_ip = \"203.0.113.7\"";
        let environment =
            [("LINGBAO__SERVER__LISTEN".to_owned(), "127.0.0.1:5000".to_owned()), ("HOME".to_owned(), "x".to_owned())];
        let config = Config::check(&gather(Some(file), environment.into_iter()).unwrap()).unwrap();
        assert_eq!(config.listen.port(), 5000);
        assert!(config.is_secure());
        assert_eq!(config.trusted_proxies.len(), 2);
    }

    #[test]
    fn a_server_that_pays_in_earnest_names_its_own_address() {
        let checked = |client_ip: &str, public_url: &str, pay_url: &str| {
            let settings = [
                ("LINGBAO__PAY__CLIENT_IP", client_ip),
                ("LINGBAO__SERVER__PUBLIC_URL", public_url),
                ("LINGBAO__WECHAT__PAY_URL", pay_url),
            ];
            let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
            Config::check(&gather(None, settings.into_iter())?)
        };
        let (wechat, simulator) = ("https://api.mch.weixin.qq.com", "https://127.0.0.1:3101");
        let (ours, local) = ("https://lingbao.example", "http://127.0.0.1:3000");
        for wrong in ["127.0.0.1", "10.0.0.3", "192.168.1.7", "172.16.0.1", "169.254.0.1", "0.0.0.0"] {
            let refused = checked(wrong, ours, wechat).err().expect("it would be sent with every payment").0;
            assert!(refused.contains("pay.client_ip") && refused.contains(wrong), "{refused}");
            assert!(checked(wrong, local, wechat).is_ok(), "a look around needs no setting");
            assert!(checked(wrong, ours, simulator).is_ok(), "the simulator does not mind");
        }
        assert!(checked("203.0.113.7", ours, wechat).is_ok_and(|config| config.client_ip == "203.0.113.7"));
    }

    #[test]
    fn unknown_settings_and_broken_files_are_refused() {
        assert!(with("server.lisen", "x").is_err_and(|e| e.0.contains("server.lisen")));
        assert!(gather(Some("listen = 3"), std::iter::empty()).is_err());
        assert!(gather(Some("[server"), std::iter::empty()).is_err());
    }
}
