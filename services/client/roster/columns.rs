//! The columns of a roster, and what others call them.

use crate::client::table::columns::{Column, Vocabulary};

/// Names the columns of a roster file, in the order in which they are written.
pub static ROSTER: Vocabulary = Vocabulary {
    of: "a roster",
    columns: &[
        Column::required("external_ref", REFERENCE),
        Column::required("covered_entity", ENTITY),
        Column::required("given_name", GIVEN),
        Column::optional(
            "middle_name",
            "middle mname mi middleinitial middlenames secondname namemiddle",
        ),
        Column::required("family_name", FAMILY),
        Column::optional(
            "suffix",
            "namesuffix generation generationalsuffix sfx suffixname",
        ),
        Column::optional("date_of_birth", BORN),
        Column::optional("ssn", SSN),
        Column::optional("address_line1", LINE1),
        Column::optional("address_line2", LINE2),
        Column::optional(
            "city",
            "town addresscity cityname citytown municipality addrcity addcity locality",
        ),
        Column::optional("region", REGION),
        Column::optional("postal_code", POSTAL),
        Column::optional(
            "country",
            "countrycode addresscountry nation countryname addrcountry ctry cntry",
        ),
        Column::optional("phone", PHONE),
        Column::optional("email", EMAIL),
        Column::optional(
            "population",
            "persontype adultminor adultorminor minoradult minorordeceased deceasedminor",
        ),
        Column::optional(
            "language",
            "locale lang preferredlanguage languagecode primarylanguage languagepreference",
        ),
        Column::optional(
            "data_elements",
            "dataelement elements exposeddata dataexposed impacteddata affecteddata pii phi dataimpacted impactedelements dataelementsexposed elementsimpacted",
        ),
        Column::optional(
            "prior_names",
            "priorname formername formernames maidenname othernames aliases alias aka previousname previousnames",
        ),
        Column::optional(
            "prior_addresses",
            "prioraddress formeraddress formeraddresses previousaddress previousaddresses oldaddress",
        ),
        Column::optional(
            "confidential_communication",
            "confidential confidentialcommunications confcomm confidentialcomm",
        ),
    ],
};

const REFERENCE: &str = "reference ref refno referencenumber referenceno refid mrn mrnumber medicalrecordnumber medicalrecord medicalrecordno \
    medrecno chart chartnumber chartno account accountnumber accountno acct acctno acctnumber id idnumber number no \
    patientid patientnumber patientno patid ptid memberid membernumber subscriberid personid recordid recordnumber uniqueid \
    uid guid externalid externalreference individualid clientid customerid employeeid employeenumber emplid studentid key \
    enterpriseid empi mpi seq sequence sequencenumber";
const ENTITY: &str = "entity entitykey coveredentitykey coveredentityname ce clinic facility facilityname facilitycode provider practice \
    practicename hospital organization organisation organizationname org client company site sitename location plan \
    healthplan employer dataowner datacontroller";
const GIVEN: &str = "given givenname givennames first firstname firstnames fname firstnm frstname namefirst forename forenames christianname \
    fn fstname";
const FAMILY: &str = "family familyname last lastname lastnames lname lastnm lstname namelast surname surnames ln sname";
const BORN: &str = "dob birthdate birthday dateofbirth bdate birthdt born birth birthdateymd dobmmddyyyy dobyyyymmdd dateofbirthmmddyyyy \
    dateofbirthyyyymmdd birthdatemmddyyyy";
const SSN: &str = "social socialsecurity socialsecuritynumber socialsecurityno socsec socsecno ssnumber ssno ss ssnitin taxid ssnum ssntin \
    fullssn";
const LINE1: &str = "address address1 addressline1 addr addr1 add1 addressone addrline1 street street1 streetaddress streetaddress1 \
    streetline1 line1 addressstreet addressstreet1 addressln1 adr1 adresse1 mailaddress mailaddress1 mailingaddress \
    deliveryaddress deliveryline1 residence residenceaddress streetname";
const LINE2: &str = "address2 addressline2 addr2 add2 addresstwo addrline2 street2 streetaddress2 streetline2 line2 apt aptno aptnumber \
    apartment unit unitnumber suite addressstreet2 addressln2 adr2 secondaryaddress deliveryline2 mailaddress2 aptsuite \
    aptunit";
const REGION: &str = "state st statecode stateprovince stateorprovince province prov addressstate stateabbr stateabbreviation stateregion \
    statename addrstate stcode territory";
const POSTAL: &str = "zip zipcode zip5 zippostal zippostalcode postal postcode postalzip postalzipcode addresszip zipplus4 zip9 zipcode5 \
    addrzip zcode ziporpostalcode pincode";
const PHONE: &str = "phonenumber phoneno telephone telephonenumber tel telno phone1 homephone homephonenumber mobile mobilephone cell \
    cellphone contactphone contactnumber dayphone daytimephone ph phonehome primaryphone phonenum phones";
const EMAIL: &str = "emailaddress emailaddr mail emailid email1 contactemail primaryemail emailaddress1 emails homeemail";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_names_are_known_and_none_stands_for_two_columns() {
        let named = |name: &str| ROSTER.find(name).map(|at| ROSTER.columns[at].name);
        for (theirs, ours) in [
            ("First Name", "given_name"),
            ("FName", "given_name"),
            ("Patient First", "given_name"),
            ("DOB", "date_of_birth"),
            ("Birth Date", "date_of_birth"),
            ("Zip", "postal_code"),
            ("Zip Code", "postal_code"),
            ("MRN", "external_ref"),
            ("Patient ID", "external_ref"),
            ("Last Name", "family_name"),
            ("Surname", "family_name"),
            ("Addr1", "address_line1"),
            ("Street", "address_line1"),
            ("State", "region"),
            ("locale", "language"),
            ("Home Phone", "phone"),
            ("E-Mail", "email"),
            ("SSN#", "ssn"),
            ("Facility", "covered_entity"),
        ] {
            assert_eq!(named(theirs), Some(ours), "{theirs}");
        }
        let mut all: Vec<&str> = ROSTER
            .columns
            .iter()
            .flat_map(|column| column.usual.split(' '))
            .collect();
        all.sort_unstable();
        let twice: Vec<_> = all.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        for name in ["address", "ssn4", "notes", "middlename2", "salary"] {
            let told = named(name);
            assert!(told.is_none() || name == "address", "{name}: {told:?}");
        }
    }
}
