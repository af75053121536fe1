using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Metering.Gateway.Security;

/// <summary>Where a gRPC request names its account: the metadata of methods whose rule asks for it.</summary>
internal sealed class AccountField
{
    private const string Account = "account";
    private const string Charge = "charge";

    private readonly FieldDescriptor? _outer;
    private readonly FieldDescriptor _account;

    private AccountField(FieldDescriptor? outer, FieldDescriptor account) => (_outer, _account) = (outer, account);

    /// <summary>Null when there is none: not in the message, and not in the charge that it carries.</summary>
    public static AccountField? Of(MessageDescriptor message)
    {
        if (message.FindFieldByName(Account) is { } account)
        {
            return new AccountField(outer: null, account);
        }

        return message.FindFieldByName(Charge) is { FieldType: FieldType.Message } charge && charge.MessageType.FindFieldByName(Account) is { } inner
            ? new AccountField(charge, inner)
            : null;
    }

    /// <summary>Empty when it is not said.</summary>
    public string Read(IMessage request)
    {
        var message = _outer is null ? request : (IMessage?)_outer.Accessor.GetValue(request);
        return message is null ? "" : (string)_account.Accessor.GetValue(message);
    }
}
