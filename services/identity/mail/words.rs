//! The closed vocabularies of mail events.

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$about])* $variant,)+
        }

        impl $name {
            /// Every one there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Gives the word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Finds what has this word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    )+};
}

words! {
    /// What happened, in the order in which it happens to one letter: within one day this order counts.
    Kind {
        /// A single letter was mailed. The mailing of a whole wave is one date of the wave.
        Mailed = "MAILED",
        /// It came back.
        Returned = "RETURNED",
        /// A better address became known.
        AddressCorrected = "ADDRESS_CORRECTED",
        /// A letter that had come back was mailed again.
        Remailed = "REMAILED",
    }

    /// Why a letter came back, as the postal service endorses it (DMM 507, exhibit 1.4.1).
    ReturnReason {
        /// Not deliverable as addressed.
        NotDeliverableAsAddressed = "NOT_DELIVERABLE_AS_ADDRESSED",
        /// Moved, left no address.
        MovedLeftNoAddress = "MOVED_LEFT_NO_ADDRESS",
        /// Nobody lives there.
        Vacant = "VACANT",
        /// The addressee died.
        Deceased = "DECEASED",
        /// The addressee did not take it.
        Refused = "REFUSED",
        /// It was not fetched.
        Unclaimed = "UNCLAIMED",
        /// Something else.
        Other = "OTHER",
    }

    /// Who knew the better address. The person who asks for something is never one of them.
    Source {
        /// The postal service's register of changed addresses.
        UspsNcoa = "USPS_NCOA",
        /// The mail house, from what came back.
        MailHouse = "MAIL_HOUSE",
        /// A covered entity.
        CoveredEntity = "COVERED_ENTITY",
    }

    /// A field of an event, by its path.
    Field {
        /// Who.
        IndividualId = "individual_id",
        /// What.
        Kind = "kind",
        /// When.
        EventDate = "event_date",
        /// Why it came back.
        ReturnReason = "return_reason",
        /// Who knew.
        AddressSource = "address_source",
        /// Where to.
        Address = "address",
        /// The first delivery line.
        Line1 = "address.line1",
        /// The second delivery line.
        Line2 = "address.line2",
        /// The city.
        City = "address.city",
        /// The state.
        Region = "address.region",
        /// The postal code.
        PostalCode = "address.postal_code",
        /// The country.
        Country = "address.country",
    }

    /// What is wrong with a field of an event.
    Cause {
        /// It is needed and not there.
        Missing = "MISSING",
        /// It cannot be read.
        Malformed = "MALFORMED",
        /// It is longer than it may be.
        TooLong = "TOO_LONG",
        /// It does not belong to this kind of event.
        NotExpected = "NOT_EXPECTED",
        /// Nobody on the campaign's roster.
        UnknownIndividual = "UNKNOWN_INDIVIDUAL",
        /// The person's data was destroyed.
        IndividualErased = "INDIVIDUAL_ERASED",
        /// It has not happened yet.
        DateInFuture = "DATE_IN_FUTURE",
        /// Before the breach was discovered there was no letter.
        DateBeforeDiscovery = "DATE_BEFORE_DISCOVERY",
        /// Nobody can write to it.
        AddressUndeliverable = "ADDRESS_UNDELIVERABLE",
        /// Something else was recorded of this kind, day and person.
        RecordedOtherwise = "RECORDED_OTHERWISE",
    }
}
