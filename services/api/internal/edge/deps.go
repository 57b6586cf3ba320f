package edge

import (
	"errors"
	"fmt"
	"reflect"
)

// CheckDeps returns an error that names every field of the struct deps that is a nil pointer,
// interface, map or function, or an interface that contains one. Constructors call it, so that a
// missing dependency stops the start of the service and not its first request.
func CheckDeps(deps any) error {
	value := reflect.ValueOf(deps)
	var errs []error
	for i := range value.NumField() {
		if isNil(value.Field(i)) {
			errs = append(errs, fmt.Errorf("%s.%s is nil", value.Type(), value.Type().Field(i).Name))
		}
	}
	return errors.Join(errs...)
}

func isNil(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Interface:
		return value.IsNil() || isNil(value.Elem())
	case reflect.Pointer, reflect.Map, reflect.Func:
		return value.IsNil()
	default:
		return false
	}
}
