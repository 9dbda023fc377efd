//! What an HTML part consists of, by a browser's own rules.

use html5ever::{parse_document, tendril::TendrilSink};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// A parsed page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// All elements and comments, in order, with their attributes; without those that stand for a
    /// line's end in a quote, where a long word may break, or around a dot that shall make no link.
    pub(crate) structure: Vec<String>,
    /// Each run of text, as a mail program would look for links in it.
    pub(crate) texts: Vec<String>,
    /// The title's text.
    pub(crate) title: String,
    /// How many line ends there are in quotes.
    pub(crate) breaks: usize,
    /// The targets of all links.
    pub(crate) targets: Vec<String>,
    /// What a validator would say.
    pub(crate) errors: Vec<String>,
}

impl Page {
    pub(crate) fn parse(html: &str) -> Self {
        let dom = parse_document(RcDom::default(), Default::default()).one(html);
        let mut page =
            Self { structure: vec![], texts: vec![], title: String::new(), breaks: 0, targets: vec![], errors: vec![] };
        page.errors.extend(dom.errors.borrow().iter().map(ToString::to_string));
        page.visit(&dom.document, 0, "");
        page
    }

    fn visit(&mut self, node: &Handle, depth: usize, within: &str) {
        let mut depth = depth + 1;
        let mut name = within.to_owned();
        match &node.data {
            NodeData::Document | NodeData::Doctype { .. } | NodeData::ProcessingInstruction { .. } => {}
            NodeData::Comment { contents } => self.structure.push(format!("{depth} <!--{contents}-->")),
            NodeData::Text { contents } => {
                let text = contents.borrow().to_string();
                match within {
                    "title" => self.title += &text,
                    "style" => self.structure.push(format!("{depth} style {text}")),
                    _ => self.texts.push(text),
                }
            }
            NodeData::Element { name: element, attrs, .. } => {
                name = element.local.to_string();
                let attributes = attrs.borrow();
                let mut attributes: Vec<_> =
                    attributes.iter().map(|it| (it.name.local.to_string(), it.value.to_string())).collect();
                attributes.sort();
                for (attribute, value) in &attributes {
                    if matches!(attribute.as_str(), "href" | "src" | "action" | "background" | "formaction") {
                        self.targets.push(value.clone());
                    }
                }
                if name == "br" && attributes.is_empty() {
                    self.breaks += 1;
                } else if name == "wbr" && attributes.is_empty() {
                    return;
                } else if is_around_a_mark(node, &name, attributes.len()) {
                    // Not visited: its only text is the mark.
                    return;
                } else {
                    self.structure.push(format!("{depth} {name} {attributes:?}"));
                }
            }
        }
        if name == "br" {
            depth -= 1;
        }
        for child in node.children.borrow().iter() {
            self.visit(child, depth, &name);
        }
    }
}

fn is_around_a_mark(node: &Handle, name: &str, attributes: usize) -> bool {
    let children = node.children.borrow();
    let [only] = &children[..] else { return false };
    let NodeData::Text { contents } = &only.data else { return false };
    name == "span" && attributes == 0 && matches!(&**contents.borrow(), "." | ":")
}

/// The token changes with every letter.
pub(crate) fn without_token(text: &str) -> String {
    match text.split_once("inv1_") {
        Some((before, rest)) => {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            format!("{before}TOKEN{}", without_token(rest))
        }
        None => text.into(),
    }
}
