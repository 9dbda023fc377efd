//! The addresses of Amazon SNS.

/// Whether this is the address of a certificate of SNS: a file `.pem` in the root of an SNS host.
///
/// Every byte must be of a kind that such an address has. So there is no room for user information, a port, a query, a
/// fragment, an escape or a second folder, which programs read differently.
pub(super) fn is_certificate(url: &str) -> bool {
    let name = at_sns(url).and_then(|path| path.strip_suffix(".pem")).unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=100).contains(&name.len()) && name.bytes().all(is_plain)
}

/// Whether this is an address at an SNS host, whatever the path and the query.
pub(super) fn is_at_sns(url: &str) -> bool {
    at_sns(url).is_some_and(|path| path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'))
}

/// What follows the host and its slash.
fn at_sns(url: &str) -> Option<&str> {
    let (host, path) = url.strip_prefix("https://sns.")?.split_once('/')?;
    let region = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    is_region(region).then_some(path)
}

/// Whether it is the name of a region, such as `us-gov-west-1`.
///
/// Anything looser would let through hosts that Amazon gives to its customers: a bucket named `sns` is at
/// `sns.s3-us-west-2.amazonaws.com`.
fn is_region(name: &str) -> bool {
    let parts: Vec<_> = name.split('-').collect();
    let [area, middle @ .., number] = &parts[..] else { return false };
    let is_word = |word: &&str| (1..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_number = (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && is_word(area) && area.len() <= 4 && (1..=3).contains(&middle.len()) && middle.iter().all(is_word)
}
