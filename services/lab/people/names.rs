//! Names as common as they are: surnames in the order of the Census of 2010, given names by sex and decade of birth in
//! the order of the Social Security Administration's lists.
//!
//! The 2010 counts of surnames fall as `(1 + (rank - 1) / 4.41) ^ -0.75`, within a few percent over the first 300
//! ranks. About half of all people bear a rarer name; theirs are put together from stems and endings common in the
//! Midwest, about 4,000 of them.

use std::sync::LazyLock;

use super::dice::{Dice, cumulate};

const SURNAMES: &str = "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez \
Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis \
Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell \
Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy \
Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks \
Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez \
Powell Jenkins Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Gonzales Fisher Vasquez Simmons Romero Jordan \
Patterson Alexander Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant Herrera Gibson Ellis Tran \
Medina Aguilar Stevens Murray Ford Castro Marshall Owens Harrison Fernandez McDonald Woods Washington Kennedy Wells \
Vargas Henry Chen Freeman Webb Tucker Guzman Burns Crawford Olson Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder \
Mason Dixon Munoz Hunt Hicks Holmes Palmer Wagner Black Robertson Boyd Rose Stone Salazar Fox Warren Mills Meyer Rice \
Schmidt Garza Daniels Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne Grant Dunn Kelley Spencer Hawkins Arnold \
Pierce Hansen Peters Santos Hart Bradley Knight Elliott Cunningham Duncan Armstrong Hudson Carroll Lane Riley Andrews \
Alvarado Ray Delgado Berry Perkins Hoffman Johnston Matthews Pena Richards Contreras Willis Carpenter Lawrence Sandoval \
Guerrero George Chapman Rios Estrada Ortega Watkins Greene Nunez Wheeler Valdez Harper Burke Larson Santiago Maldonado \
Morrison Franklin Carlson Austin Dominguez Carr Lawson Jacobs O'Brien Lynch Singh Vega Bishop Montgomery Oliver Jensen \
Harvey Williamson Gilbert Dean Sims Espinoza Howell Li Wong Reid Hanson Le McCoy Garrett Burton Fuller Wang Weber Welch \
Rojas Lucas Marquez Fields Park Yang Little Banks Padilla Day Walsh Bowman Schultz Luna Fowler Mejia";

const STEMS: &str = "Ack Alt Arn Bach Bau Beck Berg Bick Black Blank Boll Bran Brink Buch Burk Camp Clay Clem Cram Crow \
Dahl Dan Deck Dier Dorn Eck Ehr Eisen Engel Fair Feld Fell Fenn Fitz Frank Frei Fry Gar Geis Ger Good Gott Grab Graf \
Gross Grun Haas Hage Hal Ham Hard Hart Heck Heim Held Hem Her Hess Hirsch Hof Holt Horn Huff Imhof Jans Kauf Kel Kess \
Kirch Klein Kling Knapp Koch Kohl Kram Kreb Kuhl Lam Lang Lehr Lind Loch Lud Mar May Mein Merk Mohr Muh Neu Nies Nord \
Ober Over Pfeif Plum Quack Ram Rau Reich Rein Rich Ritt Rod Roth Sand Sauer Schaf Schar Schell Schil Schle Schon Schra \
Schwar Seit Shel Sieg Spring Stahl Stam Stein Stock Strick Stroh Stutz Thal Tim Traut Ull Van Vog Wal Weid Wein Weis \
Wick Wild Win Wit Wolf Zeh Zim Zoll";

const ENDINGS: &str = "man mann er berg burg dorf stein wald bach haus holz hoff ley ton ford field wood worth well son \
sen ing inger ler land strom quist gren meier meyer brecht hardt rich ski";

const NICKNAMES: &[(&str, &str)] = &[
    ("Robert", "Bob"),
    ("William", "Bill"),
    ("James", "Jim"),
    ("John", "Jack"),
    ("Richard", "Rick"),
    ("Thomas", "Tom"),
    ("Michael", "Mike"),
    ("Charles", "Chuck"),
    ("Joseph", "Joe"),
    ("David", "Dave"),
    ("Edward", "Ed"),
    ("Donald", "Don"),
    ("Ronald", "Ron"),
    ("Kenneth", "Ken"),
    ("Daniel", "Dan"),
    ("Matthew", "Matt"),
    ("Christopher", "Chris"),
    ("Anthony", "Tony"),
    ("Steven", "Steve"),
    ("Timothy", "Tim"),
    ("Gregory", "Greg"),
    ("Benjamin", "Ben"),
    ("Samuel", "Sam"),
    ("Nicholas", "Nick"),
    ("Alexander", "Alex"),
    ("Andrew", "Andy"),
    ("Joshua", "Josh"),
    ("Elizabeth", "Liz"),
    ("Margaret", "Peggy"),
    ("Patricia", "Pat"),
    ("Barbara", "Barb"),
    ("Jennifer", "Jen"),
    ("Katherine", "Kathy"),
    ("Kathleen", "Kathy"),
    ("Deborah", "Debbie"),
    ("Susan", "Sue"),
    ("Rebecca", "Becky"),
    ("Christine", "Chris"),
    ("Cynthia", "Cindy"),
    ("Pamela", "Pam"),
    ("Dorothy", "Dot"),
    ("Jessica", "Jess"),
    ("Amanda", "Mandy"),
    ("Victoria", "Vicky"),
    ("Samantha", "Sam"),
    ("Kimberly", "Kim"),
];

/// A decade's given names, the most common first.
struct Cohort {
    first_year: i16,
    men: &'static str,
    women: &'static str,
}

const COHORTS: &[Cohort] = &[
    Cohort {
        first_year: 1900,
        men: "Robert John James William Charles George Joseph Richard Edward Donald Thomas Frank Harold Paul Raymond Walter \
Jack Henry Kenneth Arthur Albert David Harry Eugene Ralph Howard Carl Willie Louis Clarence Earl Roy Fred Joe Francis",
        women: "Mary Betty Dorothy Helen Margaret Ruth Virginia Doris Mildred Frances Elizabeth Evelyn Anna Marie Alice Jean \
Shirley Barbara Irene Marjorie Florence Lois Martha Rose Lillian Louise Catherine Ruby Eleanor Patricia Gladys Annie",
    },
    Cohort {
        first_year: 1930,
        men: "Robert James John William Richard Charles Donald George Thomas Joseph David Edward Ronald Paul Kenneth Frank \
Raymond Jack Harold Billy Gerald Walter Jerry Joe Eugene Henry Carl Arthur Ralph Albert Willie Roger Larry Lawrence",
        women: "Mary Betty Barbara Shirley Patricia Dorothy Joan Margaret Nancy Helen Carol Joyce Doris Ruth Virginia Marilyn \
Elizabeth Jean Frances Beverly Lois Alice Donna Martha Dolores Janet Phyllis Norma Carolyn Evelyn Gloria Anna",
    },
    Cohort {
        first_year: 1940,
        men: "James Robert John William Richard David Charles Thomas Michael Ronald Larry Donald Joseph Gary George Kenneth Paul \
Edward Jerry Dennis Frank Daniel Raymond Roger Stephen Gerald Walter Harold Douglas Lawrence Terry Wayne Arthur",
        women: "Mary Linda Barbara Patricia Carol Sandra Nancy Sharon Judith Susan Betty Carolyn Margaret Shirley Judy Karen Donna \
Kathleen Joyce Dorothy Janet Diane Janice Joan Elizabeth Brenda Gloria Virginia Marilyn Martha Beverly Helen",
    },
    Cohort {
        first_year: 1950,
        men: "James Michael Robert John David William Richard Thomas Mark Charles Steven Gary Joseph Donald Ronald Kenneth Paul \
Larry Daniel Stephen Dennis Timothy Edward Jeffrey George Gregory Kevin Douglas Terry Anthony Jerry Bruce Randy",
        women: "Mary Linda Patricia Susan Deborah Barbara Debra Karen Nancy Donna Cynthia Sandra Pamela Sharon Kathleen Carol Diane \
Brenda Cheryl Janet Elizabeth Kathy Margaret Janice Carolyn Denise Judy Rebecca Joyce Teresa Christine Catherine",
    },
    Cohort {
        first_year: 1960,
        men: "Michael David John James Robert Mark William Richard Thomas Jeffrey Steven Joseph Timothy Kevin Scott Brian Charles \
Paul Daniel Christopher Kenneth Anthony Gregory Ronald Donald Gary Stephen Eric Edward Douglas Todd Patrick",
        women: "Lisa Mary Susan Karen Kimberly Patricia Linda Donna Michelle Cynthia Sandra Deborah Tammy Pamela Lori Laura Elizabeth \
Julie Brenda Jennifer Barbara Angela Sharon Debra Teresa Nancy Christine Cheryl Denise Kelly Tina Kathleen",
    },
    Cohort {
        first_year: 1970,
        men: "Michael Christopher Jason David James John Robert Brian William Matthew Joseph Daniel Kevin Eric Jeffrey Richard Scott \
Mark Steven Thomas Timothy Anthony Charles Joshua Ryan Jeremy Paul Andrew Gregory Chad Kenneth Jonathan Stephen",
        women: "Jennifer Amy Melissa Michelle Kimberly Lisa Angela Heather Stephanie Nicole Jessica Elizabeth Rebecca Kelly Mary \
Christina Amanda Julie Sarah Laura Shannon Christine Tammy Tracy Karen Dawn Susan Andrea Tina Patricia Cynthia",
    },
    Cohort {
        first_year: 1980,
        men: "Michael Christopher Matthew Joshua David James Daniel Robert John Joseph Jason Justin Andrew Ryan William Brian Brandon \
Jonathan Nicholas Anthony Eric Adam Kevin Thomas Steven Timothy Richard Jeremy Jeffrey Kyle Benjamin Aaron",
        women: "Jessica Jennifer Amanda Ashley Sarah Stephanie Melissa Nicole Elizabeth Heather Tiffany Michelle Amber Megan Amy \
Rachel Kimberly Christina Lauren Crystal Brittany Rebecca Laura Danielle Emily Samantha Angela Erin Kelly Sara",
    },
    Cohort {
        first_year: 1990,
        men: "Michael Christopher Matthew Joshua Jacob Nicholas Andrew Daniel Tyler Joseph Brandon David James Ryan John Zachary \
Justin William Anthony Robert Jonathan Kyle Austin Alexander Kevin Cody Thomas Jordan Eric Benjamin Aaron Samuel",
        women: "Jessica Ashley Emily Sarah Samantha Amanda Brittany Elizabeth Taylor Megan Hannah Kayla Lauren Stephanie Rachel \
Jennifer Nicole Alexis Victoria Amber Alyssa Courtney Rebecca Danielle Jasmine Brianna Katherine Alexandra Madison",
    },
    Cohort {
        first_year: 2000,
        men: "Jacob Michael Joshua Matthew Daniel Christopher Andrew Ethan Joseph William Anthony David Alexander Nicholas Ryan Tyler \
James John Jonathan Noah Brandon Christian Dylan Samuel Benjamin Zachary Nathan Logan Justin Gabriel Jose Austin",
        women: "Emily Madison Emma Olivia Hannah Abigail Isabella Samantha Elizabeth Ashley Alexis Sarah Sophia Alyssa Grace Ava \
Taylor Brianna Lauren Chloe Natalie Kayla Jessica Anna Victoria Mia Hailey Sydney Jasmine Julia Morgan Destiny",
    },
    Cohort {
        first_year: 2010,
        men: "Noah Liam Jacob William Mason Ethan Michael Alexander James Elijah Benjamin Daniel Aiden Logan Jayden Matthew Lucas \
David Jackson Joseph Anthony Samuel Joshua Gabriel Andrew John Christopher Oliver Dylan Carter Isaac Luke Henry",
        women: "Emma Olivia Sophia Isabella Ava Mia Abigail Emily Charlotte Madison Elizabeth Amelia Evelyn Ella Chloe Harper Avery \
Sofia Grace Addison Victoria Lily Natalie Aubrey Lillian Zoey Hannah Layla Brooklyn Scarlett Zoe Camila Samantha",
    },
    Cohort {
        first_year: 2020,
        men: "Liam Noah Oliver James Elijah Mateo Theodore Henry Lucas William Benjamin Levi Sebastian Jack Ezra Michael Daniel Leo \
Owen Samuel Hudson Alexander Asher Luca Ethan John David Jackson Joseph Mason Luke Matthew Julian Dylan Elias",
        women: "Olivia Emma Charlotte Amelia Sophia Mia Isabella Ava Evelyn Luna Harper Sofia Camila Eleanor Elizabeth Violet Scarlett \
Emily Hazel Lily Gianna Aurora Penelope Aria Nora Chloe Ellie Mila Avery Layla Abigail Ella Isla Eliana Nova",
    },
];

struct Table {
    names: Vec<&'static str>,
    cumulative: Vec<u32>,
}

impl Table {
    fn ranked(names: &'static str, weight: impl Fn(f64) -> f64) -> Self {
        let names: Vec<&str> = names.split_whitespace().collect();
        let ranks = (0..u32::try_from(names.len()).unwrap_or(0)).map(f64::from);
        let cumulative = cumulate(ranks.map(|rank| rounded(weight(rank) * 100_000.0)));
        Self { names, cumulative }
    }

    fn draw(&self, dice: &mut Dice) -> &'static str {
        self.names[dice.weighted(&self.cumulative)]
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "weights are positive and small"
)]
fn rounded(weight: f64) -> u32 {
    weight.round() as u32
}

static SURNAME_TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::ranked(SURNAMES, |rank| (1.0 + rank / 4.41).powf(-0.75)));

static STEM_LIST: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| STEMS.split_whitespace().collect());

static ENDING_LIST: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| ENDINGS.split_whitespace().collect());

static GIVEN_TABLES: LazyLock<Vec<[Table; 2]>> = LazyLock::new(|| {
    let weight = |rank: f64| 1.0 / (rank + 7.0);
    COHORTS
        .iter()
        .map(|cohort| {
            [
                Table::ranked(cohort.men, weight),
                Table::ranked(cohort.women, weight),
            ]
        })
        .collect()
});

/// Draws a surname.
pub fn surname(dice: &mut Dice) -> String {
    if dice.chance(480) {
        return SURNAME_TABLE.draw(dice).to_owned();
    }
    let stem = dice.pick(&STEM_LIST);
    format!("{stem}{}", dice.pick(&ENDING_LIST))
}

/// Draws a given name of somebody born in `year`.
pub fn given_name(dice: &mut Dice, year: i16, woman: bool) -> &'static str {
    let cohort = COHORTS.partition_point(|cohort| cohort.first_year <= year);
    GIVEN_TABLES[cohort.saturating_sub(1)][usize::from(woman)].draw(dice)
}

/// Gives the short form that friends use, if there is one.
pub fn nickname(given: &str) -> Option<&'static str> {
    NICKNAMES
        .iter()
        .find(|(long, _)| *long == given)
        .map(|(_, short)| *short)
}
