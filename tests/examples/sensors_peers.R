# The statistics of the sensors example (examples/sensors/peers.R), against systems written out by hand.
#   Rscript sensors_peers.R PEERS.R
source(commandArgs(trailingOnly = TRUE)[1])

expect <- function(what, found, wanted, within = 1e-10) {
  if (!isTRUE(all(abs(found - wanted) <= within))) {
    stop(what, ": found ", toString(found), ", expected ", toString(wanted))
  }
}

# Kriging of two neighbours: correlation 0.5 between them, 0.6 with the target; then 0.7 and 0.6.
solve_simple <- function(among, to) solve(among, to)
solve_ordinary <- function(among, to) {
  n <- length(to)
  solve(rbind(cbind(among, 1), c(rep(1, n), 0)), c(to, 1))[seq_len(n)]
}
among <- matrix(c(1, 0.5, 0.5, 1), 2)
expect("simple weights", solve_simple(among, c(0.6, 0.6)), c(0.4, 0.4))
expect("ordinary weights", solve_ordinary(among, c(0.6, 0.6)), c(0.5, 0.5))
expect("ordinary weights", solve_ordinary(among, c(0.7, 0.6)), c(0.6, 0.4))

# The same systems by gstat: rows with gaps, stations at one place, sill and nugget. What is predicted is the field
# without its nugget, at the stations too.
set.seed(1)
places <- cbind(c(0, 80, 20, 150, 150), c(0, 30, 140, 90, 90), 0)
kilometres <- as.matrix(dist(places))
values <- matrix(rnorm(40), 8)
values[cbind(c(1, 1, 2, 3, 4, 5, 6), c(1, 4, 2, 5, 3, 1, 5))] <- NA
values[8, ] <- NA
values[7, -2] <- NA
fitted <- list(share = 0.9, rate = 0.004)
sill <- 2
field <- function(rate, share) sill * share * exp(-rate * kilometres)
all_cells <- matrix(TRUE, 8, 5)
ordinary <- krige(values, all_cells, places, covariance(fitted, sill), ordinary = TRUE)
simple <- krige(values, all_cells, places, covariance(fitted, sill))
side <- c(0.2, 1.1, 2.3, 0.4, 3.1)
external <- krige(values, all_cells, places, covariance(fitted, sill), ordinary = TRUE, side = side)
lagged <- krige(values, all_cells, places, covariance(fitted, sill), lagged = gstat::vgm(sill * 0.5, "Exp", 1 / 0.003))
for (t in 1:7) {
  here <- which(!is.na(values[t, ]))
  among <- field(0.004, 0.9)[here, here, drop = FALSE]
  diag(among) <- sill
  for (s in 1:5) {
    to <- field(0.004, 0.9)[here, s]
    w <- solve_simple(among, to)
    expect("simple kriging", simple$mean[t, s], sum(w * values[t, here]), 1e-6)
    expect("its variance", simple$variance[t, s], sill * 0.9 - sum(w * to), 1e-6)
    w <- solve_ordinary(among, to)
    expect("ordinary kriging", ordinary$mean[t, s], sum(w * values[t, here]), 1e-6)
    # var(target - sum of w times reading) of the field
    expect("its variance", ordinary$variance[t, s], sill * 0.9 - 2 * sum(w * to) + sum(w * (among %*% w)), 1e-6)
    if (length(here) >= 3) {
      drift <- cbind(1, side[here])
      w <- solve(rbind(cbind(among, drift), cbind(t(drift), matrix(0, 2, 2))), c(to, 1, side[s]))[seq_along(here)]
      expect("external drift", external$mean[t, s], sum(w * values[t, here]), 1e-6)
      expect("its variance", external$variance[t, s], sill * 0.9 - 2 * sum(w * to) + sum(w * (among %*% w)), 1e-6)
    } else {
      expect("too few for a drift", external$mean[t, s], ordinary$mean[t, s], 1e-9)
    }
    w <- solve_simple(among, field(0.003, 0.5)[here, s])
    expect("lagged kriging", lagged$mean[t, s], sum(w * values[t, here]), 1e-6)
  }
}
stopifnot(is.na(ordinary$mean[8, ]))
some <- krige(values, row(values) == 3, places, covariance(fitted, sill), ordinary = TRUE)
expect("wanted cells", some$mean[3, ], ordinary$mean[3, ])
stopifnot(is.na(some$mean[-3, ]))

# Long tables are done in parts, to the same figures; a part without readings is no fault.
long <- values[rep(1:8, 200), ]
long[600:1100, ] <- NA
whole <- krige(long, !is.na(long) | row(long) < 1300, places, covariance(fitted, sill))
for (t in c(1, 3, 499, 500, 501, 1201, 1299)) {
  expect("a long table", whole$mean[t, ], simple$mean[1 + (t - 1) %% 8, ], 1e-9)
}
stopifnot(is.na(whole$mean[600:1100, ]))

# gstat refuses a neighbourhood when there is one reading.
single <- values
single[-7, ] <- NA
for (cells in list(all_cells, row(values) == 7 & col(values) == 3)) {
  one <- krige(single, cells, places, covariance(fitted, sill), ordinary = TRUE)
  expect("one reading", one$mean[7, 3], values[7, 2], 1e-9)
  one <- krige(single, cells, places, covariance(fitted, sill), lagged = gstat::vgm(sill * 0.5, "Exp", 1 / 0.003))
  expect("one reading", one$mean[7, 3], lagged$mean[7, 3], 1e-9)
}

# An exponential correlation is found again.
km <- seq(20, 500, by = 30)
found <- exponential(km, 0.9 * exp(-0.004 * km))
expect("share", found$share, 0.9, 0.009)
expect("rate", found$rate, 0.004, 0.00004)
expect("share, bounded", exponential(km, exp(-0.004 * km))$share, 0.999)
expect("share, of no pair", exponential(numeric(0), numeric(0))$share, 0)
expect("share, bounded", exponential(km, -exp(-0.004 * km))$share, 0)

# A VAR(2): the coefficients of stats::ar, forecasts from the past alone.
z <- matrix(rnorm(900), 300)
for (t in 3:300) z[t, ] <- z[t, ] + 0.5 * z[t - 1, c(2, 3, 1)] - 0.3 * z[t - 2, ]
ahead <- autoregression(z, 11:250, 2)
by_ar <- ar(z[11:250, ], aic = FALSE, order.max = 2, method = "ols", demean = FALSE, intercept = FALSE)$ar
expect("VAR(2)", ahead[3:300, ], z[2:299, ] %*% t(by_ar[1, , ]) + z[1:298, ] %*% t(by_ar[2, , ]), 1e-9)
stopifnot(is.na(ahead[1:2, ]))
expect("VAR of a station that repeats another", autoregression(cbind(z, z[, 1]), 11:250, 2)[3:300, 4], ahead[3:300, 1],
       1e-9)

# Hidden stations, and others left out in turn: the same as kriging without their readings.
own <- matrix(rnorm(200 * 5), 200)
own <- own + own[, 1]
own[sample(1000, 150)] <- NA
own[41, ] <- c(1, -2, 0.5, 1.5, NA)
own[195, ] <- c(1, NA, 0.5, 1.5, 2)
places[5, ] <- c(60, 70, 0)
kilometres <- as.matrix(dist(places))
level <- c(1, 1.5, 2, 2.5, 3)
hidden <- c(FALSE, FALSE, FALSE, TRUE, FALSE)
made <- unseen(own, level, hidden, places, kilometres, 1:190, 191:200, seq(1, 190, by = 20))
past <- own[1:190, !hidden]
r <- cor(past, use = "pairwise.complete.obs")
fitted <- exponential(kilometres[!hidden, !hidden][upper.tri(r)], r[upper.tri(r)])
sill <- mean(apply(past, 2, function(x) mean((x - mean(x, na.rm = TRUE))^2, na.rm = TRUE)))
by_hand <- function(what, t, s, others) {
  among <- field(fitted$rate, fitted$share)[others, others]
  diag(among) <- sill
  to <- field(fitted$rate, fitted$share)[others, s]
  w <- solve_simple(among, to)
  expect(what, made$simple$mean[t, s], sum(w * own[t, others]), 1e-6)
  v <- solve_ordinary(among, to)
  expect(what, made$ordinary$mean[t, s], sum(v * (own[t, others] + level[others])), 1e-6)
  list(simple = sill - sum(w * to), ordinary = sill - 2 * sum(v * to) + sum(v * (among %*% v)))
}
variance <- by_hand("a hidden station", 195, 4, c(1, 3, 5))
expect("its variance", made$simple$variance[195, 4], variance$simple, 1e-6)
expect("its variance", made$ordinary$variance[195, 4], variance$ordinary, 1e-6)
ignored <- by_hand("a station left out", 41, 1, c(2, 3))
ignored <- by_hand("a station left out", 41, 3, c(1, 2))
stopifnot(is.na(made$simple$mean[2:20, ]), is.na(made$simple$mean[41, 4:5]), is.na(made$simple$mean[195, -4]))

# Forecasts from the row before, for both ranges; no pair of stations with enough readings leaves a nugget alone.
z <- own
ahead <- day_before(z, places, kilometres, 1:150, 180:190)
now <- lag_correlation(z[1:150, ], 0, kilometres)
before <- lag_correlation(z[1:150, ], 1, kilometres)
here <- which(!is.na(z[184, ]))
among <- now$share * exp(-now$rate * kilometres[here, here])
diag(among) <- 1
for (s in 1:5) {
  w <- solve_simple(among, before$share * exp(-before$rate * kilometres[here, s]))
  expect("space-time kriging", ahead$lagged[185, s], sum(w * z[184, here]), 1e-6)
  w <- solve_ordinary(among, now$share * exp(-now$rate * kilometres[here, s]))
  expect("ordinary kriging of the day before", ahead$ordinary[185, s], sum(w * z[184, here]), 1e-6)
}
stopifnot(is.na(ahead$ordinary[155:179, ]), is.na(ahead$ordinary[1:150, ][is.na(z[1:150, ])]))
pair <- !is.na(z[2:150, 2]) & !is.na(z[1:149, 1])
x <- z[1:149, 1][pair]
y <- z[2:150, 2][pair]
apart <- matrix(c(1e9, 1e9, 50, 1e9), 2)  # station 2 after station 1 is the only pair that is near
expect("lag-1 correlation", lag_correlation(z[1:150, 1:2], 1, apart)$share,
       exponential(50, sum(x * y) / sqrt(sum(x^2) * sum(y^2)))$share)
few <- day_before(z[1:60, ], places, kilometres, 1:50, 51:60)
here <- !is.na(z[54, ])
expect("a nugget alone", few$ordinary[55, ], mean(z[54, here]), 1e-6)
expect("a nugget alone", few$lagged[55, ], 0, 1e-6)

cat("all as expected\n")
