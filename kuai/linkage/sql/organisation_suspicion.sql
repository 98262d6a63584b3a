-- Odd records of one cluster: an organisation has none but contradicted ties, which are found in code.
select founder_no, 'border' as kind, founder_no as left_no, founder_no as right_no
from membership
where false
