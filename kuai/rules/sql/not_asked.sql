-- Of whom no rule says anything: the gone, and what somebody contests (a fact out of use could itself make a finding,
-- such as a letting that seems not to be on file).
select code from person_gone
union
select code from contested_code
