use uuid::Uuid;

use super::*;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Letters of that name, each with what it says, to a domain and in a scope of its own.
fn letters_at<const N: usize>(letters: [(u128, Sign); N], since: DateTime<Utc>) -> [Heard; N] {
    letters.map(|(name, sign)| letter(name, sign, (name, name), since))
}

fn letter(name: u128, sign: Sign, (domain, scope): (u128, u128), since: DateTime<Utc>) -> Heard {
    let delivery = DeliveryId::from_uuid(Uuid::from_u128(name));
    Heard {
        delivery,
        domain: format!("d{domain}.example"),
        scope: Scope::new(scope),
        since,
        sign,
        refused: false,
        fault: None,
        reason: None,
    }
}

fn hears<const N: usize>(outage: &mut Outage, letters: [(u128, Sign); N], now: DateTime<Utc>) {
    outage.hear(&letters_at(letters, now), now, 0);
}

#[test]
fn a_round_of_nothing_but_silence_begins_a_pause_that_doubles_up_to_its_cap() {
    let mut outage = Outage::default();
    hears(&mut outage, [(1, Sign::Away), (2, Sign::Nothing), (3, Sign::Away)], NOW);
    let mut now = NOW;
    for (probe, seconds) in (4..).zip([30, 60, 120, 240, 480, 600, 600]) {
        let until = now + TimeDelta::seconds(seconds);
        assert_eq!(outage.allowance(8, until - TimeDelta::microseconds(1)), 0);
        assert_eq!(outage.allowance(8, until), 1, "a probe");
        now = until;
        hears(&mut outage, [(probe, Sign::Away)], now);
    }
    hears(&mut outage, [(4, Sign::There)], now);
    assert_eq!(outage.allowance(8, now), 8);
}

#[test]
fn one_answer_is_enough_to_go_on() {
    let mut outage = Outage::default();
    hears(&mut outage, [(1, Sign::Away), (2, Sign::There), (3, Sign::Away)], NOW);
    assert_eq!(outage.allowance(8, NOW), 8);
}

#[test]
fn one_letter_is_no_outage_however_often_nobody_takes_it() {
    let mut outage = Outage::default();
    for _ in 0..3 {
        hears(&mut outage, [(1, Sign::Away), (2, Sign::Nothing)], NOW);
        assert_eq!(outage.allowance(8, NOW), 8);
    }
    hears(&mut outage, [(3, Sign::Away)], NOW);
    assert_eq!(outage.allowance(8, NOW), 0, "two letters are");
    let until = NOW + FIRST_PAUSE;
    hears(&mut outage, [(4, Sign::There)], until);
    hears(&mut outage, [(3, Sign::Away)], until);
    assert_eq!(outage.allowance(8, until), 8, "it is alone again");
}

#[test]
fn neither_a_domain_nor_a_scope_stops_the_others() {
    let mut outage = Outage::default();
    // Scope 7 has been seen.
    outage.hear(&[letter(9, Sign::There, (9, 7), NOW)], NOW, 0);
    let dead_domain: Vec<_> = (10..30).map(|name| letter(name, Sign::Away, (1, name), NOW)).collect();
    outage.hear(&dead_domain, NOW, 0);
    assert_eq!(outage.allowance(8, NOW), 8, "one domain in many scopes");
    let mut outage = Outage::default();
    outage.hear(&[letter(9, Sign::There, (9, 7), NOW)], NOW, 0);
    let one_tenant: Vec<_> = (10..30).map(|name| letter(name, Sign::Away, (name, 1), NOW)).collect();
    outage.hear(&one_tenant, NOW, 0);
    assert_eq!(outage.allowance(8, NOW), 8, "many domains in one scope of several");
    outage.hear(&[letter(31, Sign::Away, (31, 2), NOW)], NOW, 0);
    assert_eq!(outage.allowance(8, NOW), 0, "another domain in another scope");
}

#[test]
fn a_domain_that_fails_pauses_alone_and_is_tried_with_one_letter() {
    for sign in [Sign::Away, Sign::NoSuchDomain] {
        let mut outage = Outage::default();
        let dead = |name, since| letter(name, sign, (1, 1), since);
        for _ in 0..2 {
            outage.hear(&[dead(1, NOW)], NOW, 0);
            assert_eq!(outage.allowance_of("d1.example", 4, NOW), 4, "one letter is not two");
        }
        let mut now = NOW;
        for (name, seconds) in (2..).zip([30, 60, 120, 240, 480, 600, 600]) {
            outage.hear(&[dead(name, now)], now, 0);
            let until = now + TimeDelta::seconds(seconds);
            let before = until - TimeDelta::microseconds(1);
            assert_eq!(outage.paused(before).collect::<Vec<_>>(), ["d1.example"]);
            assert_eq!(outage.allowance_of("d1.example", 4, before), 0);
            assert_eq!((outage.paused(until).count(), outage.allowance_of("d1.example", 4, until)), (0, 1));
            assert_eq!((outage.allowance(8, now), outage.allowance_of("d2.example", 4, now)), (8, 4), "others go on");
            now = until;
        }
        outage.hear(&[dead(99, NOW)], now, 0);
        assert_eq!(outage.allowance_of("d1.example", 4, now), 1, "a letter from before the pause says nothing");
        outage.hear(&[letter(100, Sign::There, (1, 2), now)], now, 0);
        assert_eq!(outage.allowance_of("d1.example", 4, now), 4);
    }
}

#[test]
fn a_probe_goes_to_another_domain_and_a_provider_that_is_back_clears_all() {
    let mut outage = Outage::default();
    assert_eq!(outage.tried(), [""; 0]);
    hears(&mut outage, [(1, Sign::Away), (2, Sign::Away)], NOW);
    assert_eq!(outage.tried(), ["d1.example", "d2.example"]);
    outage.hear(&[letter(3, Sign::Away, (1, 1), NOW)], NOW, 0);
    assert_eq!(outage.paused(NOW).count(), 1);
    hears(&mut outage, [(4, Sign::There)], NOW + FIRST_PAUSE);
    assert_eq!((outage.tried().len(), outage.paused(NOW).count()), (0, 0));
}

#[test]
fn a_flood_of_dead_domains_is_not_remembered_for_ever() {
    let mut outage = Outage::default();
    for name in 0..5_000 {
        outage.hear(&[letter(name, Sign::NoSuchDomain, (name / 2, 1), NOW)], NOW, 0);
    }
    assert!(outage.domains.len() <= MOST_DOMAINS);
}

#[test]
fn any_two_of_the_letters_may_differ() {
    let mut outage = Outage::default();
    let away = |name, of| letter(name, Sign::Away, of, NOW);
    outage.hear(&[away(1, (1, 1)), away(2, (1, 2)), away(3, (2, 1))], NOW, 0);
    assert_eq!(outage.allowance(8, NOW), 0, "the second and the third");
}

#[test]
fn the_letters_of_one_tenant_do_not_prolong_a_pause() {
    let mut outage = Outage::default();
    hears(&mut outage, [(1, Sign::Away), (2, Sign::Away)], NOW);
    let until = NOW + FIRST_PAUSE;
    for name in 3..20 {
        outage.hear(&[letter(name, Sign::Away, (name, 2), until)], until, 0);
        assert_eq!(outage.allowance(8, until), 1, "another letter is tried at once");
    }
}

#[test]
fn where_there_is_one_scope_other_domains_are_enough() {
    let mut outage = Outage::default();
    for name in [1, 2] {
        assert_eq!(outage.allowance(8, NOW), 8);
        outage.hear(&[letter(name, Sign::Away, (name, 7), NOW)], NOW, 0);
    }
    assert_eq!(outage.allowance(8, NOW), 0);
}

#[test]
fn letters_from_before_a_pause_do_not_prolong_it() {
    let mut outage = Outage::default();
    hears(&mut outage, [(1, Sign::Away), (2, Sign::Away)], NOW);
    hears(&mut outage, [(3, Sign::Away)], NOW);
    hears(&mut outage, [(4, Sign::Away)], NOW);
    assert_eq!(outage.allowance(8, NOW + FIRST_PAUSE), 1);
}

#[test]
fn a_broken_letter_neither_begins_nor_prolongs_nor_ends_a_pause() {
    let mut outage = Outage::default();
    hears(&mut outage, [], NOW);
    hears(&mut outage, [(1, Sign::Nothing)], NOW);
    hears(&mut outage, [(1, Sign::Nothing), (2, Sign::Nothing)], NOW);
    hears(&mut outage, [(1, Sign::Unclear), (2, Sign::Unclear)], NOW);
    hears(&mut outage, [(1, Sign::Unclear), (2, Sign::Away), (3, Sign::Away)], NOW);
    assert_eq!(outage.allowance(8, NOW), 8);
    hears(&mut outage, [(1, Sign::Away), (2, Sign::Away)], NOW);
    let until = NOW + FIRST_PAUSE;
    hears(&mut outage, [], until);
    hears(&mut outage, [(3, Sign::Nothing)], until);
    assert_eq!(outage.allowance(8, until), 1);
    hears(&mut outage, [(4, Sign::Unclear)], until);
    assert_eq!(outage.allowance(8, until + FIRST_PAUSE), 0, "what is unclear prolongs it");
}

#[test]
fn not_now_speaks_of_the_provider_unless_it_is_an_address_or_the_letter() {
    let refused = |refusal, enhanced: &str| {
        let enhanced = crate::mailer::EnhancedCode::parse(enhanced);
        Sign::of(&Outcome::Refused { refusal, code: None, enhanced, text: String::new() })
    };
    for (refusal, enhanced, sign) in [
        (Refusal::Transient, "4.2.2", Sign::There),
        // What mail servers say of any domain that does not answer.
        (Refusal::Transient, "4.1.2", Sign::NoSuchDomain),
        (Refusal::Transient, "4.1.1", Sign::There),
        (Refusal::Transient, "4.6.1", Sign::There),
        (Refusal::Transient, "4.3.2", Sign::Away),
        (Refusal::Transient, "4.4.1", Sign::Away),
        (Refusal::Transient, "4.7.0", Sign::Away),
        (Refusal::Transient, "", Sign::Away),
        (Refusal::Permanent, "5.1.1", Sign::There),
        (Refusal::Permanent, "5.6.1", Sign::There),
        (Refusal::Permanent, "5.1.2", Sign::There),
        (Refusal::Permanent, "5.7.26", Sign::Away),
        (Refusal::Permanent, "", Sign::Away),
    ] {
        assert_eq!(refused(refusal, enhanced), sign, "{refusal:?} {enhanced}");
    }
}

#[test]
fn what_other_letters_came_to_says_whether_a_refusal_is_one_of_many() {
    let mut outage = Outage::default();
    let me = DeliveryId::from_uuid(Uuid::from_u128(1));
    assert_eq!(outage.run(me), Run::Unknown);
    hears(&mut outage, [(1, Sign::Away)], NOW);
    assert_eq!(outage.run(me), Run::Unknown, "its own refusal says nothing");
    outage.hear(&[letter(2, Sign::Away, (1, 1), NOW)], NOW, 0);
    assert_eq!(outage.run(me), Run::GoesOn, "another recipient of the same domain");
    hears(&mut outage, [(3, Sign::There)], NOW);
    assert_eq!(outage.run(me), Run::Broken);
    hears(&mut outage, [(1, Sign::Away)], NOW);
    assert_eq!(outage.run(me), Run::Unknown, "nothing came through since");
}

#[test]
fn somebody_is_told_when_letters_begin_to_wait_when_they_go_on_and_when_we_are_refused() {
    let mut outage = Outage::default();
    let refused = |name, fault, of| Heard { refused: true, fault, ..letter(name, Sign::Away, of, NOW) };
    let tell = |outage: &mut Outage, heard| outage.hear(&[heard], NOW, 0);
    assert!(!tell(&mut outage, letter(9, Sign::There, (9, 9), NOW)));
    assert!(!tell(&mut outage, refused(1, Some(Fault::Sender), (1, 1))), "one letter");
    assert!(tell(&mut outage, refused(2, Some(Fault::Sender), (1, 1))), "a domain refuses us");
    assert!(!tell(&mut outage, refused(3, Some(Fault::Sender), (1, 1))), "that is known");
    assert!(tell(&mut outage, refused(4, Some(Fault::Sender), (2, 2))), "so does everybody");
    assert_eq!(outage.accuser().and_then(|letter| letter.fault), Some(Fault::Sender));
    assert!(tell(&mut outage, letter(5, Sign::There, (3, 3), NOW)), "they go on");
    assert!(outage.accuser().is_none());
    assert!(!tell(&mut outage, letter(6, Sign::Away, (1, 1), NOW)));
    assert!(!tell(&mut outage, letter(7, Sign::Away, (1, 1), NOW)), "a domain that does not answer is none of ours");
}

#[test]
fn a_pause_has_up_to_a_quarter_of_jitter() {
    assert_eq!(pause(1, 0), FIRST_PAUSE);
    assert_eq!(pause(u32::MAX, 255), LONGEST_PAUSE + LONGEST_PAUSE / 4);
}
