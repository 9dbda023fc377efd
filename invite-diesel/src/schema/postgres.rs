//! The tables in PostgreSQL.

#![expect(clippy::exhaustive_structs, reason = "the macro of diesel writes them")]

diesel::table! {
    /// The invitations.
    invite_invitations (id) {
        /// `id`
        id -> Uuid,
        /// `kind`
        kind -> Text,
        /// `scope`
        scope -> Text,
        /// `recipient_given`
        recipient_given -> Text,
        /// `recipient`
        recipient -> Text,
        /// `inviter`
        inviter -> Text,
        /// `payload`
        payload -> Jsonb,
        /// `display`
        display -> Jsonb,
        /// `message`
        message -> Nullable<Text>,
        /// `locale`
        locale -> Nullable<Text>,
        /// `status`
        status -> Text,
        /// `ended_at`
        ended_at -> Nullable<Timestamptz>,
        /// `ended_by`
        ended_by -> Nullable<Text>,
        /// `ended_reason`
        ended_reason -> Nullable<Text>,
        /// `address_proved`
        address_proved -> Bool,
        /// `generation`
        generation -> Integer,
        /// `min_generation`
        min_generation -> Integer,
        /// `grace_until`
        grace_until -> Nullable<Timestamptz>,
        /// `revision`
        revision -> Integer,
        /// `open_key`
        open_key -> Nullable<Binary>,
        /// `created_at`
        created_at -> Timestamptz,
        /// `expires_at`
        expires_at -> Timestamptz,
        /// `resent_at`
        resent_at -> Nullable<Timestamptz>,
        /// `viewed_at`
        viewed_at -> Nullable<Timestamptz>,
        /// `inviter_address`
        inviter_address -> Nullable<Text>,
        /// `delivery_id`
        delivery_id -> Nullable<Uuid>,
        /// `remind_at`
        remind_at -> Nullable<Timestamptz>,
        /// `reminded`
        reminded -> Nullable<Integer>,
        /// `label`
        label -> Nullable<Text>,
        /// `facet`
        facet -> Nullable<Text>,
        /// `import`
        import -> Nullable<Text>,
        /// `renews`
        renews -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// Digests of tokens, never a token.
    invite_tokens (digest) {
        /// `digest`
        digest -> Binary,
        /// `invitation`
        invitation -> Uuid,
        /// `generation`
        generation -> Integer,
        /// `channel`
        channel -> Text,
        /// `created_at`
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Letters still to be mailed.
    invite_outbox (id) {
        /// `id`
        id -> Uuid,
        /// `kind`
        kind -> Text,
        /// `invitation`
        invitation -> Uuid,
        /// `generation`
        generation -> Integer,
        /// `purpose`
        purpose -> Text,
        /// `priority`
        priority -> Integer,
        /// `scope`
        scope -> Text,
        /// `domain`
        domain -> Text,
        /// `not_before`
        not_before -> Timestamptz,
        /// `ready`
        ready -> Bool,
        /// `attempt`
        attempt -> Integer,
        /// `refusals`
        refusals -> Integer,
        /// `unknowns`
        unknowns -> Integer,
        /// `lease_owner`
        lease_owner -> Nullable<Uuid>,
        /// `lease_until`
        lease_until -> Nullable<Timestamptz>,
        /// `last_error`
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    /// What became of letters.
    invite_letters (id) {
        /// `id`
        id -> Uuid,
        /// `invitation`
        invitation -> Uuid,
        /// `state`
        state -> Text,
        /// `attempts`
        attempts -> Integer,
        /// `error`
        error -> Nullable<Text>,
        /// `fault`
        fault -> Nullable<Text>,
        /// `provider_id`
        provider_id -> Nullable<Text>,
    }
}

diesel::table! {
    /// What happened.
    invite_events (id) {
        /// `id`
        id -> BigInt,
        /// `invitation`
        invitation -> Uuid,
        /// `revision`
        revision -> Integer,
        /// `action`
        action -> Text,
        /// `actor`
        actor -> Text,
        /// `reason`
        reason -> Nullable<Text>,
        /// `at`
        at -> Timestamptz,
    }
}

diesel::table! {
    /// Which migrations ran.
    invite_migrations (version) {
        /// `version`
        version -> Integer,
        /// `checksum`
        checksum -> Text,
        /// `compatible_since`
        compatible_since -> Integer,
    }
}

diesel::joinable!(invite_tokens -> invite_invitations (invitation));
diesel::joinable!(invite_outbox -> invite_invitations (invitation));
diesel::joinable!(invite_letters -> invite_invitations (invitation));
diesel::joinable!(invite_events -> invite_invitations (invitation));
diesel::allow_tables_to_appear_in_same_query!(
    invite_invitations,
    invite_tokens,
    invite_outbox,
    invite_letters,
    invite_events,
);
