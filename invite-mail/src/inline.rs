//! Moves a template's styles to its elements, because many mail clients drop `<style>`.

use css_inline::CSSInliner;

/// A template with its styles inlined; rules that cannot be (media queries) stay in the head.
///
/// This is done once, to the template, not to every letter: no parser ever sees what people
/// wrote, only the engine that escapes it. The template's own tags are put aside meanwhile;
/// `None` when they did not all come back as they were.
pub(crate) fn inline_styles(template: &str) -> Option<String> {
    let mut html = String::with_capacity(template.len());
    let mut tags = Vec::new();
    let mut rest = template;
    while let Some((before, tag, after)) = next_tag(rest) {
        html.push_str(before);
        // Between the rows of a table a parser keeps a comment where it is and moves text out.
        let statement = tag.starts_with("{%") && is_between_elements(&html);
        let marker = marker(tags.len(), statement);
        let in_element = html.rfind('<') > html.rfind('>');
        html.push_str(&marker);
        tags.push((marker, tag, in_element));
        rest = after;
    }
    html.push_str(rest);

    let inliner = CSSInliner::options().load_remote_stylesheets(false).keep_at_rules(true).build();
    let html = charset_first(inliner.inline(&html).ok()?);

    // An element's attributes may have changed places, with the tags in their values. Nothing else
    // may, and a tag that stood for an attribute's name did not survive as one.
    let mut found = Vec::with_capacity(tags.len());
    let mut done = 0;
    for (marker, tag, in_element) in &tags {
        let at = html.find(marker.as_str())?;
        let after = &html[at + marker.len()..];
        if after.contains(marker.as_str()) || after.starts_with("=\"\"") || (!in_element && at < done) {
            return None;
        }
        if !in_element {
            done = at;
        }
        found.push((at, marker, tag));
    }
    found.sort_unstable_by_key(|(at, ..)| *at);
    let mut inlined = String::with_capacity(html.len());
    let mut done = 0;
    for (at, marker, tag) in found {
        inlined.push_str(&html[done..at]);
        inlined.push_str(tag);
        done = at + marker.len();
    }
    inlined.push_str(&html[done..]);
    Some(inlined)
}

/// Mail programs and browsers look for the character set in the first 1,024 bytes, but the styles
/// that stay were put in front of it.
fn charset_first(html: String) -> String {
    let find = |html: &str| {
        let start = html.find("<meta charset=")?;
        Some((start, start + html[start..].find('>')? + 1))
    };
    let Some(((start, end), head)) = find(&html).zip(html.find("<head>")) else { return html };
    let head = head + "<head>".len();
    if start <= head {
        return html;
    }
    // With the line end behind it, which would leave an empty line.
    let rest = html[end..].strip_prefix('\n').unwrap_or(&html[end..]);
    format!("{}\n{}{}{rest}", &html[..head], &html[start..end], &html[head..start])
}

fn marker(number: usize, comment: bool) -> String {
    if comment { format!("<!--invite-tag-{number}-->") } else { format!("invite-tag-{number}-x") }
}

/// The text before the next `{{ }}`, `{% %}` or `{# #}`, the tag, and the text after it. A tag
/// that does not end is left to the template engine to complain about.
pub(crate) fn next_tag(text: &str) -> Option<(&str, &str, &str)> {
    let start = ["{{", "{%", "{#"].iter().filter_map(|open| text.find(open)).min()?;
    let close = match text.as_bytes()[start + 1] {
        b'{' => "}}",
        b'%' => "%}",
        _ => "#}",
    };
    let end = start + text[start..].find(close)? + close.len();
    Some((&text[..start], &text[start..end], &text[end..]))
}

/// Whether the text that follows `html` is content: in no tag, comment or element that holds
/// only text.
fn is_between_elements(html: &str) -> bool {
    let last_is = |open: &str, close: &str| html.rfind(open) > html.rfind(close);
    !(last_is("<", ">") || last_is("<!--", "-->") || last_is("<title", "</title") || last_is("<style", "</style"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(body: &str) -> String {
        format!(
            "<!DOCTYPE html><html><head><style>p {{ color: red }} @media print {{ p {{ color: #000 }} }}</style></head><body>{body}</body></html>"
        )
    }

    #[test]
    fn rules_move_to_the_elements_and_media_queries_stay() {
        let inlined = inline_styles(&document("<p>hello {{ name }}</p>")).unwrap();
        assert!(inlined.contains("<p style=\"color: red;\">hello {{ name }}</p>"), "{inlined}");
        assert!(inlined.contains("@media print"), "{inlined}");
    }

    #[test]
    fn tags_stay_where_they_are_between_table_rows_in_attributes_and_comments() {
        for body in [
            "<table><tbody>{% for a in b if 1 < 2 %}<tr><td>{{ a }}</td></tr>{% endfor %}</tbody></table>",
            "<p>a</p>{% if a and \"b\" %}<a href=\"{{ link }}\">b</a>{% endif %}",
            "<!--[if mso]>{% if a %}<i>{{ a }}</i>{% endif %}<![endif]--><b>c</b>",
            "{# \"a\" < 'b' & c #}<b>c</b>",
            "<b title=\"{% if a %}x{% endif %}\">c</b>",
            "<img alt=\"{% if a %}{{ a }}{% endif %}\" src=\"{{ b }}\">",
        ] {
            let inlined = inline_styles(&document(body)).unwrap();
            let inlined = inlined.replace(" style=\"color: red;\"", "");
            assert!(inlined.contains(body), "{body}\n{inlined}");
        }
    }

    #[test]
    fn the_character_set_comes_before_the_styles() {
        let page = "<html><head>\n<title>{{ a }}</title>\n<meta charset=\"utf-8\">\n<style>@media print { p { color: #000 } }</style></head><body><p>{{ b }}</p></body></html>";
        let inlined = inline_styles(page).unwrap();
        assert!(inlined.starts_with("<html><head>\n<meta charset=\"utf-8\"><style>"), "{inlined}");
        assert_eq!(inlined.matches("charset").count(), 1);
        assert!(inlined.contains("<title>{{ a }}</title>") && inlined.contains("<p>{{ b }}</p>"), "{inlined}");
    }

    #[test]
    fn values_may_change_places_with_their_attributes() {
        let inlined = inline_styles(&document("<img src=\"{{ a }}\" alt=\"{{ b }}\">")).unwrap();
        assert!(inlined.contains("src=\"{{ a }}\"") && inlined.contains("alt=\"{{ b }}\""), "{inlined}");
    }

    #[test]
    fn a_template_that_would_come_back_in_pieces_is_refused() {
        assert_eq!(inline_styles(&document("<table><tr><td>{{ a }}</td>{{ b }}</tr></table>")), None);
        assert_eq!(inline_styles(&document("<a {% if a %}href=\"b\"{% endif %}>b</a>")), None);
        assert_eq!(inline_styles("<style>p { color: {{ colour }} }</style><p>a</p><p>b</p>"), None);
    }
}
