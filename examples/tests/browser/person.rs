//! A person at a browser: sees what is shown, presses what is named.

use std::{
    fs,
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use serde_json::{Value, json};
use thirtyfour::{LoggingPrefsLogLevel, prelude::*};

use super::driver::{Driver, chromium, shots};
use crate::program::{PATIENCE, Program};

const POLL: Duration = Duration::from_millis(25);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    Desktop,
    Phone,
}

impl Screen {
    const fn size(self) -> (u32, u32) {
        match self {
            Self::Desktop => (1280, 800),
            Self::Phone => (360, 780),
        }
    }
}

pub(crate) struct Person {
    driver: WebDriver,
    url: String,
    screen: Screen,
}

impl Person {
    pub(crate) async fn at(program: &Program, driver: &Driver, screen: Screen) -> Self {
        let mut caps = DesiredCapabilities::chrome();
        caps.set_binary(chromium().to_str().unwrap()).unwrap();
        caps.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        for arg in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ] {
            caps.add_arg(arg).unwrap();
        }
        let web = WebDriver::new(&driver.url(), caps).await.unwrap();
        let (width, height) = screen.size();
        let person = Self { driver: web, url: program.url.clone(), screen };
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": screen == Screen::Phone,
        });
        person.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        person
    }

    pub(crate) async fn leave(self) {
        self.quiet(&[]).await;
        self.driver.quit().await.unwrap();
    }

    /// Another person at the same browser.
    pub(crate) async fn forget_everything(&self) {
        self.driver.delete_all_cookies().await.unwrap();
    }

    pub(crate) async fn open(&self, address: &str) {
        let address = if address.starts_with('/') { format!("{}{address}", self.url) } else { address.into() };
        self.driver.goto(address).await.unwrap();
    }

    pub(crate) async fn reload(&self) {
        self.driver.refresh().await.unwrap();
    }

    /// The address, without the host; never with a token in it.
    pub(crate) async fn path(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        assert!(!url.as_str().contains("token"), "a token in the address bar");
        url.path().into()
    }

    pub(crate) async fn sees(&self, text: &str) {
        let holds = format!("[contains(normalize-space(.), {})]", literal(text));
        let xpath = format!("//main//*{holds} | //dialog//*{holds}");
        let found = self.query(By::XPath(xpath)).and_displayed().exists().await.unwrap();
        assert!(found, "{text:?} is not shown, but\n{}", self.shown().await);
    }

    /// In the list, beside this address.
    pub(crate) async fn sees_status(&self, address: &str, status: &str) {
        let row = format!("//tr[.//a[normalize-space() = {}]]", literal(address));
        let badge = format!("{row}//*[contains(@class, 'badge') and normalize-space() = {}]", literal(status));
        let found = self.query(By::XPath(badge)).and_displayed().exists().await.unwrap();
        assert!(found, "{address} is not {status}, but\n{}", self.shown().await);
    }

    pub(crate) async fn does_not_see(&self, text: &str) {
        let shown = self.shown().await;
        assert!(!shown.contains(text), "{text:?} is shown\n{shown}");
    }

    /// Waits until it is gone: a page that is being left shows it for a while.
    pub(crate) async fn loses(&self, text: &str) {
        let start = Instant::now();
        while self.shown().await.contains(text) {
            assert!(start.elapsed() < PATIENCE, "{text:?} stays");
            tokio::time::sleep(POLL).await;
        }
    }

    async fn shown(&self) -> String {
        self.script("return document.body.innerText", vec![]).await.as_str().unwrap_or_default().into()
    }

    /// Presses the button or follows the link of this name.
    pub(crate) async fn presses(&self, name: &str) {
        let name = literal(name);
        let named = format!("[normalize-space() = {name} or @aria-label = {name}]");
        let element = self
            .query(By::XPath(format!("//button{named} | //a{named} | //summary{named} | //label{named}")))
            .and_displayed()
            .first()
            .await
            .unwrap_or_else(|_| panic!("no button {name}"));
        element.scroll_into_view().await.unwrap();
        element.click().await.unwrap();
    }

    /// The same in the question that lies over the page.
    pub(crate) async fn presses_in_dialog(&self, name: &str) {
        let button = format!("//dialog//button[normalize-space() = {}]", literal(name));
        let button = self.query(By::XPath(button)).and_displayed().first().await;
        button.unwrap_or_else(|_| panic!("no button {name:?} in a dialog")).click().await.unwrap();
    }

    /// Types into the field of this label, instead of what was there.
    pub(crate) async fn fills(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Chooses from the list of this label.
    pub(crate) async fn chooses(&self, label: &str, option: &str) {
        let field = self.field(label).await;
        let option = format!("./option[normalize-space() = {}]", literal(option));
        field.find(By::XPath(option)).await.unwrap().click().await.unwrap();
    }

    pub(crate) async fn value_of(&self, label: &str) -> String {
        self.field(label).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// What is said about the field of this label: its hint and its error, as a screen reader reads them.
    pub(crate) async fn said_about(&self, label: &str) -> String {
        let script = "const ids = arguments[0].getAttribute('aria-describedby') ?? '';
            return ids.split(' ').filter(Boolean).map((id) => document.getElementById(id).textContent).join(' ')";
        let field = self.field(label).await.to_json().unwrap();
        self.script(script, vec![field]).await.as_str().unwrap().into()
    }

    async fn field(&self, label: &str) -> WebElement {
        let xpath = format!(
            "//*[@id = //label[starts-with(normalize-space(), {0})]/@for] | //label[normalize-space() = {0}]/input",
            literal(label)
        );
        let field = self.query(By::XPath(xpath)).and_displayed().first().await;
        field.unwrap_or_else(|_| panic!("no field {label:?}"))
    }

    /// Presses Tab until the button of this name has the focus.
    pub(crate) async fn tabs_to(&self, name: &str) {
        for _ in 0..30 {
            self.driver.action_chain().send_keys(Key::Tab).perform().await.unwrap();
            let focused = self.script("return document.activeElement.textContent.trim()", vec![]).await;
            if focused == name {
                let outline = "return getComputedStyle(document.activeElement).outlineStyle";
                assert_ne!(self.script(outline, vec![]).await, "none", "the focus on {name} cannot be seen");
                return;
            }
        }
        panic!("no way to {name} by keyboard");
    }

    pub(crate) async fn presses_enter(&self) {
        self.driver.action_chain().send_keys(Key::Enter).perform().await.unwrap();
    }

    /// Follows the link in the HTML part of the open mail.
    pub(crate) async fn follows_the_mail(&self) {
        let frame = self.query(By::Tag("iframe")).first().await.unwrap();
        frame.enter_frame().await.unwrap();
        self.query(By::Css("a[href]")).and_displayed().first().await.unwrap().click().await.unwrap();
        self.driver.enter_default_frame().await.unwrap();
    }

    /// What the clipboard holds.
    pub(crate) async fn pastes(&self) -> String {
        let read = "const done = arguments[0]; navigator.clipboard.readText().then(done, (e) => done(String(e)))";
        self.driver.execute_async(read, vec![]).await.unwrap().convert().unwrap()
    }

    pub(crate) async fn may_use_the_clipboard(&self) {
        let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        self.devtools("Browser.grantPermissions", permissions).await;
    }

    pub(crate) async fn prefers_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        // Nothing fades: a picture is taken at once.
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        let features = json!([{ "name": "prefers-color-scheme", "value": value }, still]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Fails on any error in the console, but for pages that are meant to be refused with these statuses.
    pub(crate) async fn quiet(&self, refused: &[u16]) {
        let log = self.driver.browser_log().await.unwrap();
        let meant = |message: &str| refused.iter().any(|status| message.contains(&format!("status of {status}")));
        let errors: Vec<_> =
            log.into_iter().filter(|entry| entry.level == "SEVERE" && !meant(&entry.message)).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }

    /// Looks the page over, and keeps a picture of it.
    pub(crate) async fn looks(&self, name: &str) {
        let faults = self.script(include_str!("faults.js"), vec![]).await;
        assert_eq!(faults, json!([]), "on {name}, {:?}", self.screen);
        self.path().await;

        let (width, height) = self.screen.size();
        let tall = self.script("return document.documentElement.scrollHeight", vec![]).await.as_u64().unwrap();
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": tall.max(height.into()), "scale": 1 });
        let picture = json!({ "captureBeyondViewport": true, "clip": clip });
        let picture = self.devtools("Page.captureScreenshot", picture).await;
        let png = BASE64.decode(picture["data"].as_str().unwrap().as_bytes()).unwrap();
        fs::write(shots().join(format!("{:?}-{name}.png", self.screen).to_lowercase()), png).unwrap();
    }

    fn query(&self, by: By) -> thirtyfour::extensions::query::ElementQuery {
        // A page that goes away while it is looked at is looked at again.
        self.driver.query(by).wait(PATIENCE, POLL).ignore_errors(true)
    }

    async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.driver.execute(script, arguments).await.unwrap().json().clone()
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(command, parameters).await.unwrap()
    }
}

/// No name used here holds both kinds of quotes.
fn literal(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}
