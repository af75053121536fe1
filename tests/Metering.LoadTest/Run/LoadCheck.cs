namespace Metering.LoadTest.Run;

/// <summary>
/// Whether every acknowledged charge is in its account exactly once and nothing else is. Three numbers must agree for each account: the entries it
/// gained and the charges acknowledged; the credits that left it and the credits the answers named; and those and what the published card says that
/// the acknowledged usage costs.
/// </summary>
/// <param name="Accounts">How many were compared.</param>
/// <param name="Charges">Acknowledged, over all accounts.</param>
/// <param name="Lost">Acknowledged charges that are in no account.</param>
/// <param name="Doubled">Charges that accounts have beyond those acknowledged and those they could not tell about.</param>
/// <param name="Untold">Charges sent again of which the account could not tell any more whether it has them.</param>
/// <param name="Wrong">The first accounts that differ, described.</param>
/// <param name="WrongAccounts">How many accounts differ.</param>
internal sealed record LoadCheck(int Accounts, long Charges, long Lost, long Doubled, long Untold, IReadOnlyList<string> Wrong, int WrongAccounts)
{
    private const int MaxDescribed = 20;

    public bool IsRight => WrongAccounts == 0;

    public static LoadCheck Compare(LoadPlan plan, AccountTotals totals, AccountState[] before, AccountState[] after)
    {
        var wrong = new List<string>();
        var (lost, doubled, wrongAccounts) = (0L, 0L, 0);
        for (var account = 0; account < totals.Accounts; account++)
        {
            var gained = after[account].Sequence - before[account].Sequence;
            var left = before[account].Balance - after[account].Balance;
            var (charges, credits, expected) = (totals.Charges(account), totals.Credits(account), totals.Expected(account));
            lost += Math.Max(charges - gained, 0);
            var untold = totals.Untold(account);
            doubled += Math.Max(gained - charges - untold, 0);

            // One that has more than was acknowledged, of charges it could not tell about, was charged credits that no answer named.
            if (gained < charges || gained > charges + untold || (gained == charges && (left != credits || left != expected)))
            {
                wrongAccounts++;
                if (wrong.Count < MaxDescribed)
                {
                    wrong.Add(FormattableString.Invariant(
                        $"{plan.AccountName(account)}: {charges} charges acknowledged, {gained} entries; {left} credits left it, the answers say {credits}, the card says {expected}"));
                }
            }
        }

        return new LoadCheck(totals.Accounts, totals.AllCharges, lost, doubled, totals.AllUntold, wrong, wrongAccounts);
    }
}
