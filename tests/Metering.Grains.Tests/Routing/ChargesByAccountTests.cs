using CsCheck;
using Metering.Contracts;
using Metering.Grains.Routing;
using Metering.Grains.Tests.Accounts;

namespace Metering.Grains.Tests.Routing;

/// <summary>Charges of a message, put side by side by account: each account's in their order, and every answer where its charge stood.</summary>
public sealed class ChargesByAccountTests
{
    [Fact]
    public void Every_charge_is_there_once_with_its_account_in_the_messages_order() => Message().Sample(charges =>
    {
        var byAccount = new ChargesByAccount(charges);
        var prepared = byAccount.Prepare();

        var expected = charges.GroupBy(charge => charge.Account, charge => charge.Charge.Id).ToDictionary(account => account.Key, account => account.ToArray());
        Assert.Equal(expected.Count, byAccount.Accounts);
        foreach (var account in Enumerable.Range(0, byAccount.Accounts))
        {
            var (start, count) = byAccount.RangeOf(account);
            Assert.Equal(expected[byAccount.AccountOf(account)], prepared.Skip(start).Take(count).Select(charge => charge.Charge.Id));
            Assert.Equal(expected[byAccount.AccountOf(account)], byAccount.RequestsOf(account).Select(charge => charge.Id));
        }
    });

    [Fact]
    public void Every_answer_stands_where_its_charge_stood() => Message().Sample(charges =>
    {
        var byAccount = new ChargesByAccount(charges);
        foreach (var account in Enumerable.Range(0, byAccount.Accounts))
        {
            var answers = byAccount.AnswersOf(account);
            var requests = byAccount.RequestsOf(account);
            Assert.Equal(requests.Length, answers.Length);
            for (var i = 0; i < answers.Length; i++)
            {
                answers[i] = Replied(byAccount.AccountOf(account), requests[i].Id);
            }
        }

        Assert.Equal(
            charges.Select(charge => $"{charge.Account}/{charge.Charge.Id}"),
            byAccount.Answers().Select(answer => answer.Granted().Id));
    });

    private static Gen<RoutedCharge[]> Message() => Gen.Int[0, 12].Array[0, 60].Select(accounts =>
        accounts.Select((account, place) => new RoutedCharge($"account-{account}", Requests.Calls($"c{place}", 1m))).ToArray());

    private static Answer<ChargeReply> Replied(string account, string id) =>
        new ChargeReply { Id = $"{account}/{id}", Credits = 1m, Balance = 0m, Available = 0m, Sequence = 1 };
}
