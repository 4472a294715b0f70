//! What a page needs to live in a phone's frame: its policy without the frame rule, its links on the phone's origin.
//! It refuses to touch text, scripts and styles; only `href` and `action` of whole addresses change.

/// The script that every page of a phone gets.
const BRIDGE: &str = "/_phone/bridge.js";

/// A Content-Security-Policy without `frame-ancestors` that lets the bridge run; with the page's nonce, if it has one.
pub(crate) fn loosen(policy: &str) -> (String, Option<String>) {
    let rules = policy.split(';').map(str::trim).filter(|rule| !rule.is_empty());
    let mut rules: Vec<String> = rules.filter(|rule| name_of(rule) != "frame-ancestors").map(str::to_owned).collect();
    let place = |rules: &[String], name: &str| rules.iter().position(|rule| name_of(rule) == name);
    let scripts = place(&rules, "script-src-elem").or_else(|| place(&rules, "script-src"));
    let source = match (scripts, place(&rules, "default-src")) {
        (Some(at), _) => at,
        (None, Some(at)) => {
            let copied = rules[at].replacen("default-src", "script-src", 1);
            rules.push(copied);
            rules.len() - 1
        }
        (None, None) => return (rules.join("; "), None),
    };
    let rule = &mut rules[source];
    let nonce = rule.split_whitespace().find_map(|word| word.strip_prefix("'nonce-")?.strip_suffix('\''));
    let nonce = nonce.map(str::to_owned);
    if nonce.is_none() && !rule.split_whitespace().any(|word| word == "'self'") {
        *rule = rule.split_whitespace().filter(|word| *word != "'none'").collect::<Vec<_>>().join(" ");
        rule.push_str(" 'self'");
    }
    (rules.join("; "), nonce)
}

fn name_of(rule: &str) -> String {
    rule.split_whitespace().next().unwrap_or_default().to_ascii_lowercase()
}

/// The page with the bridge in its head, and with whole addresses as `address` translates them.
pub(crate) fn rewrite_html(html: &str, nonce: Option<&str>, address: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(html.len() + 256);
    let mut rest = html;
    while let Some((at, length)) = next_attribute(rest) {
        let start = at + length;
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find('"').unwrap_or(0);
        let value = &rest[..end];
        if value.starts_with("http://") || value.starts_with("https://") {
            out.push_str(&address(value));
        } else {
            out.push_str(value);
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    insert(out, nonce)
}

fn next_attribute(html: &str) -> Option<(usize, usize)> {
    let places = [" href=\"", " action=\"", " formaction=\""];
    places.iter().filter_map(|name| html.find(name).map(|at| (at, name.len()))).min()
}

fn insert(mut html: String, nonce: Option<&str>) -> String {
    let nonce = nonce.map(|nonce| format!(" nonce=\"{nonce}\"")).unwrap_or_default();
    let script = format!("<script src=\"{BRIDGE}\"{nonce}></script>");
    let at = html.find("</head>").or_else(|| html.find("<body"));
    match at.or_else(|| html.to_ascii_lowercase().find("<html").and_then(|at| Some(at + html[at..].find('>')? + 1))) {
        Some(at) => html.insert_str(at, &script),
        None => html.push_str(&script),
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_loses_its_frame_rule_and_admits_the_bridge() {
        let cases = [
            ("default-src 'self'; frame-ancestors 'none'", "default-src 'self'; script-src 'self'"),
            ("default-src 'none'; img-src data:", "default-src 'none'; img-src data:; script-src 'self'"),
            ("script-src 'none'; style-src 'self'", "script-src 'self'; style-src 'self'"),
            ("script-src https://a.example", "script-src https://a.example 'self'"),
            ("frame-ancestors 'self'", ""),
        ];
        for (given, wanted) in cases {
            assert_eq!(loosen(given), (wanted.to_owned(), None), "{given}");
        }
        let (policy, nonce) = loosen("script-src 'nonce-abc=' 'strict-dynamic'; frame-ancestors 'none'");
        assert_eq!((policy.as_str(), nonce.as_deref()), ("script-src 'nonce-abc=' 'strict-dynamic'", Some("abc=")));
    }

    #[test]
    fn the_bridge_stands_at_the_end_of_the_head_and_links_are_translated() {
        let html = "<html><head><title>x</title></head><body><a href=\"http://s/c\">http://s/c</a>\
                    <form action=\"/api\"></form></body></html>";
        let out = rewrite_html(html, Some("n1"), |address| address.replace("http://s", "http://p"));
        assert_eq!(
            out,
            "<html><head><title>x</title><script src=\"/_phone/bridge.js\" nonce=\"n1\"></script></head><body>\
             <a href=\"http://p/c\">http://s/c</a><form action=\"/api\"></form></body></html>"
        );
        assert!(rewrite_html("<p>hi", None, str::to_owned).contains("bridge.js"));
    }
}
