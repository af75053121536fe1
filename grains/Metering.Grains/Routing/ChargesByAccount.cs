using System.Runtime.InteropServices;
using Metering.Contracts;
using Metering.Grains.Accounts;

namespace Metering.Grains.Routing;

/// <summary>
/// The charges of a message, those of one account side by side and in their order. So an account has one turn and one append for all of them, and what
/// it has in memory is fetched once, which with many accounts takes longer than a charge.
/// </summary>
internal sealed class ChargesByAccount
{
    [ThreadStatic]
    private static Dictionary<string, int>? _numbers;

    private readonly RoutedCharge[] _charges;
    private readonly Answer<ChargeReply>[] _answers;

    // Where each stood in the message; and for each account, where its charges end here.
    private readonly int[] _places;
    private readonly int[] _ends;

    /// <param name="charges">In the message's order.</param>
    public ChargesByAccount(RoutedCharge[] charges)
    {
        _charges = charges;
        _answers = new Answer<ChargeReply>[charges.Length];
        _places = new int[charges.Length];
        var accounts = new int[charges.Length];
        var counts = Number(charges, accounts);
        _ends = new int[counts.Length];
        for (var (account, start) = (0, 0); account < counts.Length; account++)
        {
            _ends[account] = start;
            start += counts[account];
        }

        for (var i = 0; i < charges.Length; i++)
        {
            // Where the account's next charge goes; past the last one it is the account's end.
            _places[_ends[accounts[i]]++] = i;
        }
    }

    /// <summary>How many accounts there are.</summary>
    public int Accounts => _ends.Length;

    /// <summary>Every charge in the core's terms, each account's where its <see cref="RangeOf"/> says.</summary>
    public PreparedCharge[] Prepare() => Array.ConvertAll(_places, place => PreparedCharge.From(_charges[place].Charge));

    public string AccountOf(int account) => _charges[_places[RangeOf(account).Start]].Account;

    public (int Start, int Count) RangeOf(int account)
    {
        var start = account == 0 ? 0 : _ends[account - 1];
        return (start, _ends[account] - start);
    }

    /// <summary>An account's charges, to be sent on.</summary>
    public ChargeRequest[] RequestsOf(int account)
    {
        var (start, count) = RangeOf(account);
        return Array.ConvertAll(_places[start..(start + count)], place => _charges[place].Charge);
    }

    /// <summary>Where the answers to an account's charges go.</summary>
    public Span<Answer<ChargeReply>> AnswersOf(int account)
    {
        var (start, count) = RangeOf(account);
        return _answers.AsSpan(start, count);
    }

    /// <summary>All answers, in the message's order.</summary>
    public Answer<ChargeReply>[] Answers()
    {
        var answers = new Answer<ChargeReply>[_answers.Length];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[_places[i]] = _answers[i];
        }

        return answers;
    }

    /// <summary>Numbers the accounts, in the order of their first charges; says how many charges each has.</summary>
    private static Span<int> Number(RoutedCharge[] charges, int[] accounts)
    {
        var numbers = _numbers ??= new Dictionary<string, int>(StringComparer.Ordinal);
        var counts = new int[charges.Length];
        for (var i = 0; i < charges.Length; i++)
        {
            ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(numbers, charges[i].Account, out var isKnown);
            number = isKnown ? number : numbers.Count - 1;
            accounts[i] = number;
            counts[number]++;
        }

        var known = numbers.Count;
        numbers.Clear();
        return counts.AsSpan(0, known);
    }
}
