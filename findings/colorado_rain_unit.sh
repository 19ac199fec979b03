#!/usr/bin/env bash
# Behaviour: CO.ppt of the data set COmonthlyMet, "total monthly accumulation in millimeters" by its page, is in centimetres: the
# median station has 3.5 of it a month, 42 a year, where Colorado has some 400 mm.
# One would guess: the unit is the one that the data set's page names, twice.
# Seen with: fields 14.1 (Debian 12, r-cran-fields 14.1-1)
# For a modeller: a rain model fitted to it is ten times too dry, and log(1 + mm) or thresholds in mm mean something else.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -o APT::Sandbox::User=root -q download r-cran-fields=14.1-1 >/dev/null
dpkg-deb -x r-cran-fields_*.deb .
cat >show.R <<'R'
home <- "usr/lib/R/site-library/fields"
load(file.path(home, "data", "COmonthlyMet.rda"))
pages <- new.env()
lazyLoad(file.path(home, "help", "fields"), pages)
text <- paste(unlist(as.character(get("CO", pages))), collapse = " ")
cat("the page says millimeters:", grepl("accumulation\\s+in\\s+millimeters", text), "\n")
year <- 12 * median(apply(CO.ppt, 3, mean, na.rm = TRUE))
cat("median of the stations' years:", round(year, 1), " guess: 300 to 500 (mm); in cm: 30 to 50\n")
quit(status = if (year > 30 && year < 50 && grepl("millimeters", text)) 0 else 1)
R
if Rscript --vanilla show.R; then echo "as recorded"; else
  echo "changed"
  exit 1
fi
