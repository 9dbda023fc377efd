//! Every letter in Chromium, as wide as a phone and as a reading pane: nothing needs scrolling
//! sideways. The pictures are left in the folder `letters` of cargo's folder for tests,
//! `target/tmp`, for a person to look at.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use invite_core::store::Purpose;
use invite_mail::{Email, Language};

use crate::{
    samples::{branded, full_sample, sample, samples},
    support::{composer, told_of},
};

const WIDTHS: [u32; 2] = [320, 640];

#[tokio::test]
async fn every_letter_fits_a_phone_and_a_reading_pane() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("letters");
    fs::create_dir_all(&folder).unwrap();
    let samples = samples().await;
    let mut longest = vec![];
    for purpose in Purpose::ALL {
        longest.push(with_the_longest_words(purpose).await);
    }
    let mut brands = vec![];
    for color in ["#0a7d4f", "#ffd500", "#000000", "#ffffff"] {
        brands.push(sample("en", Purpose::Invitation, branded(color)).await);
    }

    let mut full = vec![];
    for (locale, purpose) in ["en", "ar", "ja"].into_iter().flat_map(|locale| Purpose::ALL.map(|it| (locale, it))) {
        full.push(full_sample(locale, purpose).await);
    }

    let all = samples.iter().map(|(.., email)| email).chain(&longest).chain(&brands).chain(&full);
    let all: Vec<_> = all.map(Email::html).collect();
    none_is_too_wide(&folder, "all", &all);
    // As in mail programs that ignore what lets a long word break.
    let old: Vec<_> = all.iter().map(|html| without_breaking_styles(html)).collect();
    none_is_too_wide(&folder, "old", &old.iter().map(String::as_str).collect::<Vec<_>>());

    for locale in Language::BUILT_IN {
        let letters: Vec<_> = samples.iter().filter(|(of, ..)| *of == locale).map(|(.., email)| email).collect();
        picture(&folder, locale, &letters, false);
        if matches!(locale, "ar" | "en") {
            picture(&folder, &format!("{locale}-dark"), &letters, true);
        }
    }
    picture(&folder, "longest", &longest.iter().collect::<Vec<_>>(), false);
    picture(&folder, "full", &full.iter().collect::<Vec<_>>(), false);
    picture(&folder, "full-dark", &full.iter().collect::<Vec<_>>(), true);
    picture(&folder, "brands", &brands.iter().collect::<Vec<_>>(), false);
    picture(&folder, "brands-dark", &brands.iter().collect::<Vec<_>>(), true);
}

async fn with_the_longest_words(purpose: Purpose) -> Email {
    let name = "W".repeat(200);
    let display = serde_json::json!({ "organization": name, "inviter": name });
    let letter = told_of(purpose, &display, Some(&"W".repeat(900)), Some(&name), "en").await.unwrap();
    composer().compose(&letter).unwrap()
}

/// The link below the button keeps its style: it is nobody's words.
fn without_breaking_styles(html: &str) -> String {
    let old = html.replace("overflow-wrap: anywhere", "").replace("word-break: break-word", "");
    assert_ne!(old, html);
    old
}

fn none_is_too_wide(folder: &Path, name: &str, letters: &[&str]) {
    let over = too_wide(folder, name, letters);
    assert_eq!(over.len(), letters.len() * WIDTHS.len());
    for (index, over) in over.iter().enumerate() {
        let (letter, width) = (&letters[index / WIDTHS.len()], WIDTHS[index % WIDTHS.len()]);
        assert!(*over <= 0, "{over} pixels beyond {width}: {name} {index} {letter}");
    }
}

/// By how much each letter is wider than each of the widths.
fn too_wide(folder: &Path, name: &str, letters: &[&str]) -> Vec<i32> {
    let file = page(folder, name, letters);
    let dom = chromium(false, &["--dump-dom", &file]);
    let over = dom.split_once("<title>over ").expect("the page measured itself").1.split('<').next().unwrap();
    over.split(' ').map(|over| over.parse().expect("a number")).collect()
}

/// Takes a picture of the letters side by side at both widths.
fn picture(folder: &Path, name: &str, letters: &[&Email], is_dark: bool) {
    let pages: Vec<_> = letters.iter().map(|email| email.html()).collect();
    let file = page(folder, name, &pages);
    let picture = folder.join(format!("{name}.png"));
    let rows = u32::try_from(letters.len()).unwrap().div_ceil(2);
    let (screenshot, size) =
        (format!("--screenshot={}", picture.display()), format!("--window-size=2000,{}", rows * 1_000));
    chromium(is_dark, &[&screenshot, &size, &file]);
    assert!(fs::metadata(&picture).unwrap().len() > 10_000, "{name} is no picture");
}

/// Writes a page with each letter in a frame for each width, which measures how much too wide each
/// letter is.
fn page(folder: &Path, name: &str, letters: &[&str]) -> String {
    let frames: String = letters
        .iter()
        .flat_map(|html| WIDTHS.map(|width| (width, *html)))
        .map(|(width, html)| {
            let html = html.replace('&', "&amp;").replace('"', "&quot;");
            format!("<iframe width={width} height=600 scrolling=no srcdoc=\"{html}\"></iframe>\n")
        })
        .collect();
    let page = format!(
        "<!DOCTYPE html><meta charset=utf-8><meta name=color-scheme content=\"light dark\">\
         <style>body {{ margin: 8px; background: #888 }} iframe {{ border: 0; margin: 4px; vertical-align: top }}</style>\n\
         {frames}\
         <script>onload = () => {{
            const over = [...document.querySelectorAll('iframe')].map(frame => {{
                const root = frame.contentDocument.documentElement;
                const over = root.scrollWidth - frame.clientWidth;
                frame.height = root.scrollHeight;
                return over;
            }});
            document.title = 'over ' + over.join(' ');
         }}</script>"
    );
    let file = folder.join(format!("{name}.html"));
    fs::write(&file, page).unwrap();
    format!("file://{}", file.display())
}

fn chromium(is_dark: bool, arguments: &[&str]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(binary())
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=5000", "--timeout=60000"])
        .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!is_dark)))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .output()
        .expect("chromium runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn binary() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = ["chromium", "chromium-browser"]
        .into_iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| file.is_file());
    found.expect("neither chromium nor chromium-browser is in PATH; this test needs one")
}
