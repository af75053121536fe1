using System.Buffers.Text;
using System.Text;
using Metering.Contracts;
using Metering.Gateway.Security;
using Metering.Gateway.Validation;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>An account of a page: what it is, or why that cannot be told.</summary>
internal readonly record struct ListedAccount(string Account, Answer<AccountView> Answer);

/// <summary>A page of accounts, and where the next begins; null after the last.</summary>
internal sealed record ListedPage(IReadOnlyList<ListedAccount> Accounts, string? Cursor);

/// <summary>
/// Lists accounts with their balances: the ids from the directory, each account asked itself. A cursor is the last id of the page
/// before, so pages neither repeat nor miss accounts that were there throughout.
/// </summary>
internal sealed class AccountList(GrainRouter router, IOptions<GatewayOptions> options)
{
    private readonly int _maxInFlight = options.Value.MaxAccountsInFlightPerBatch;

    /// <summary>Checks what a caller asked for; what is left out is empty, or null.</summary>
    public static (string Prefix, string After, int Limit) Check(string prefix, string cursor, int? limit, Faults faults)
    {
        if (prefix.Length > 0)
        {
            Shape.Name(faults, "prefix", prefix);
        }

        var after = "";
        if (cursor.Length > 0 && !TryDecode(cursor, out after))
        {
            faults.Add("cursor", FaultCodes.BadFormat, "It must be the cursor of a page before.");
        }

        Shape.WholeNumber(faults, "limit", limit ?? Limits.DefaultAccountsPerPage, 1, Limits.MaxAccountsPerPage);
        return (prefix, after, limit ?? Limits.DefaultAccountsPerPage);
    }

    /// <param name="prefix">Of their ids; empty for all.</param>
    /// <param name="after">Exclusive; empty to begin.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="allowed">The accounts that the caller may reach; of others not even their number is told.</param>
    public async Task<Answer<ListedPage>> Read(string prefix, string after, int limit, NamePatterns allowed)
    {
        var listed = allowed.FitsAll ? await router.ListAccounts(prefix, after, limit) : await ListAllowed(prefix, after, limit, allowed);
        if (listed.Reply is not { } page)
        {
            return listed.Refusal!;
        }

        // Accounts that nobody used lately are read from the store first: all at once they would only wait for each other, past the time of a call.
        var answers = new Answer<AccountView>[page.Accounts.Count];
        var deadline = router.Begin();
        await Parallel.ForAsync(0, answers.Length, new ParallelOptions { MaxDegreeOfParallelism = _maxInFlight }, async (i, _) =>
            answers[i] = await router.GetAccount(page.Accounts[i], deadline));
        var accounts = new List<ListedAccount>(answers.Length);
        for (var i = 0; i < answers.Length; i++)
        {
            // The directory may know an account that never came to be: its creation failed after the directory heard of it.
            if (answers[i].Refusal?.Code != Code.AccountNotFound)
            {
                accounts.Add(new ListedAccount(page.Accounts[i], answers[i]));
            }
        }

        var last = page.Accounts.Count > 0 ? page.Accounts[^1] : "";
        return new ListedPage(accounts, page.More ? Base64Url.EncodeToString(Encoding.ASCII.GetBytes(last)) : null);
    }

    /// <summary>Pattern by pattern: their names follow each other, so the pages are in order as always.</summary>
    private async Task<Answer<AccountPage>> ListAllowed(string prefix, string after, int limit, NamePatterns allowed)
    {
        var found = new List<string>();
        foreach (var pattern in allowed.Patterns)
        {
            var start = NamePatterns.IsPrefix(pattern) ? pattern[..^1] : pattern;
            if (!start.StartsWith(prefix, StringComparison.Ordinal) && !(NamePatterns.IsPrefix(pattern) && prefix.StartsWith(start, StringComparison.Ordinal)))
            {
                continue;
            }

            var listed = await router.ListAccounts(start.Length > prefix.Length ? start : prefix, after, limit + 1 - found.Count);
            if (listed.Reply is not { } page)
            {
                return listed;
            }

            found.AddRange(page.Accounts.Where(allowed.Fits));
            if (found.Count > limit)
            {
                return new AccountPage([.. found.Take(limit)], More: true);
            }
        }

        return new AccountPage(found, More: false);
    }

    private static bool TryDecode(string cursor, out string after)
    {
        Span<byte> bytes = stackalloc byte[Limits.MaxNameLength];
        after = "";
        if (!Base64Url.IsValid(cursor, out var length) || length > bytes.Length || !Base64Url.TryDecodeFromChars(cursor, bytes, out length))
        {
            return false;
        }

        after = Encoding.ASCII.GetString(bytes[..length]);
        return Shape.IsName(after);
    }
}
