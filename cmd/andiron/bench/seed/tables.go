package seed

import "strings"

// tables are what records draw from. There are Johns and Johnsons among the names, because the search workload asks for
// them, and no Undefined, because it asks for that too.
type tables struct {
	women, men, families, streets, cities, facilities []string
	races, ethnicities, maritals, reasons, drugs      [][2]string
}

func newTables() tables {
	return tables{
		women: strings.Fields(`Ada Agnes Aisha Alice Amara Ana Astrid Beatrice Bella Carmen Chloe Clara Dalia Diana Edith
			Elena Elsa Emma Esther Fatima Flora Freya Gloria Grace Greta Hannah Helen Ida Ines Irene Iris Jane Joan Johanna
			Julia June Kamala Kira Laila Laura Lena Lily Lin Lucia Lydia Mae Maria Martha Mei Mina Nadia Naomi Nina Nora Olga
			Olive Paula Petra Priya Rita Rosa Ruth Sana Sara Selma Sofia Stella Tamar Tessa Uma Vera Wanda Yara Yuki Zoe`),
		men: strings.Fields(`Aaron Abel Adam Ahmed Albert Amir Anton Arthur Basil Ben Boris Bruno Carl Cesar Dan Darius David
			Diego Edgar Elias Emil Eric Ezra Felix Finn Frank Georg Hamid Hans Hector Henry Hugo Ian Igor Ivan Jack Jacob Jamal
			James Jan Joel John Johnny Jonas Jorge Karim Kenji Kofi Lars Leo Liam Louis Lucas Marco Mark Max Milan Nils Noah
			Oleg Omar Oscar Otto Pablo Paul Peter Pierre Rafael Ravi Rene Rolf Samir Sean Simon Sven Theo Tomas Victor Walter Yusuf`),
		families: strings.Fields(`Abbott Abreu Adler Ahmadi Alvarez Andersen Banerjee Barnes Bauer Becker Bell Bianchi Blake
			Bose Brandt Brooks Burke Castillo Chan Chen Clarke Cohen Costa Cruz Dahl Davies Diaz Dogan Dubois Duran Eriksen
			Evans Farkas Fischer Fleming Flores Fontaine Fraser Fuchs Garcia Gomez Grant Greco Haas Haddad Hall Hansen Hart
			Hayashi Hoffman Holm Horvat Hughes Ito Ivanov Jansen Jensen Johns Johnson Johnston Kaplan Kaur Keller Khan Kim
			Klein Kowalski Kumar Lang Larsen Lee Lopez Lund Marino Martin Mehta Meyer Molina Moore Morales Murphy Nagy Nakamura
			Nguyen Novak Ogawa Okafor Olsen Ortiz Park Patel Pereira Petrov Popov Quinn Ramos Rao Reyes Ricci Rojas Romano
			Rossi Russo Saito Santos Sato Schmidt Shah Silva Singh Smith Sousa Stone Suzuki Takahashi Tanaka Torres Tran
			Vargas Vega Wagner Walsh Wang Weber White Wong Wright Yamada Yilmaz Young Zhang Ziegler`),
		streets: strings.Split("12 Alder Row,7 Birch Lane,230 Canal Street,41 Dock Road,18 Elm Court,905 Foundry Way,"+
			"64 Granary Lane,3 Harbor Steps,77 Iron Bridge Road,150 Juniper Drive,22 Kiln Lane,9 Larch Avenue,88 Mill Race,"+
			"310 North Gate,46 Orchard Rise,5 Quarry Hill,61 River Walk,19 Station Parade,112 Tannery Street,34 Vine Close", ","),
		cities: strings.Split("Boston,Worcester,Springfield,Cambridge,Lowell,Brockton,New Bedford,Quincy,Lynn,Fall River,"+
			"Newton,Somerville,Framingham,Haverhill,Waltham,Malden,Medford,Taunton,Chicopee,Weymouth", ","),
		facilities: strings.Split("Ashgrove General Hospital,Bayside Medical Center,Cedar Hill Clinic,Eastgate Community Hospital,"+
			"Fairview Medical Center,Harbor Point Hospital,Lakeside Family Practice,Maple Street Clinic,Northfield Hospital,"+
			"Riverbend Health Center,Stonebridge Medical Center,Westbrook Hospital", ","),
		races: [][2]string{
			{"2106-3", "White"}, {"2054-5", "Black or African American"}, {"2028-9", "Asian"},
			{"1002-5", "American Indian or Alaska Native"}, {"2076-8", "Native Hawaiian or Other Pacific Islander"},
		},
		ethnicities: [][2]string{{"2135-2", "Hispanic or Latino"}, {"2186-5", "Not Hispanic or Latino"}},
		maritals: [][2]string{
			{"M", "Married"}, {"S", "Never Married"}, {"D", "Divorced"}, {"W", "Widowed"},
		},
		reasons: [][2]string{
			{"75498004", "Acute bacterial sinusitis (disorder)"}, {"444814009", "Viral sinusitis (disorder)"},
			{"195662009", "Acute viral pharyngitis (disorder)"}, {"10509002", "Acute bronchitis (disorder)"},
			{"38341003", "Hypertensive disorder, systemic arterial (disorder)"}, {"44054006", "Diabetes mellitus type 2 (disorder)"},
		},
		drugs: [][2]string{
			{"313782", "Acetaminophen 325 MG Oral Tablet"}, {"314076", "lisinopril 10 MG Oral Tablet"},
			{"310798", "Hydrochlorothiazide 25 MG Oral Tablet"}, {"308192", "Amoxicillin 500 MG Oral Tablet"},
			{"310965", "Ibuprofen 200 MG Oral Tablet"},
		},
	}
}
